// What the pieces of griffier cost, in nanoseconds: node bench/micro.js [--samples 41] [--only uuid] [--json]
//
// Samples of all cases are interleaved; the median counts. A case that needs requests gets fresh ones for each call, made
// outside of the measured time. It measures dist/, as `npm run build` left it.

import { IncomingMessage, ServerResponse } from 'node:http'
import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import express from 'express'
import { expressAudit } from '../dist/adapters/express.js'
import { nodeAudit } from '../dist/adapters/node.js'
import { createAuditLog } from '../dist/index.js'
import { isoTime } from '../dist/lib/clock.js'
import { uuidv7 } from '../dist/lib/uuid.js'
import { sealRecord } from '../dist/record/record-line.js'
import { createRedactor } from '../dist/record/redaction.js'
import { answer, makeUser, REQUEST_HEADERS, recordOf, setHeaders, TARGET, tell } from './app.js'

const EXEMPT_TARGET = '/health'
const MOST_EXEMPT_NS = 500
const CALLS = 1000

const { values: options } = parseArgs({
  options: {
    samples: { type: 'string', default: '41' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
})

let bytes = 0
const audit = createAuditLog({
  exemptUrls: [/^\/health$/, /^\/static\//],
  userFromRequest: (req) => req.user,
  logHandler: (line) => {
    bytes += line.length
  },
})
const withoutContext = createAuditLog({
  loggerName: 'without_context',
  context: false,
  userFromRequest: (req) => req.user,
  logHandler: (line) => {
    bytes += line.length
  },
})
const onNode = nodeAudit(audit)
const onExpress = expressAudit(audit)
const app = express()
const redactor = createRedactor({}, () => {})
const secretTarget = `${TARGET}&token=3b1c0a5e9d7f`

/** A connection that takes everything and sends it nowhere. */
class Nowhere extends Duplex {
  remoteAddress = '127.0.0.1'
  _read() {}
  _write(_chunk, _encoding, done) {
    done()
  }
  _writev(_chunks, done) {
    done()
  }
}

function exchange(target) {
  const socket = new Nowhere()
  const req = new IncomingMessage(socket)
  Object.assign(req, { method: 'GET', url: target, httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1 })
  req.headers = { ...REQUEST_HEADERS }
  req.user = makeUser()
  const res = new ServerResponse(req)
  res.assignSocket(socket)
  return { req, res }
}

function expressExchange(target) {
  const { req, res } = exchange(target)
  Object.setPrototypeOf(req, app.request)
  Object.setPrototypeOf(res, app.response)
  req.originalUrl = target
  return { req, res }
}

const nothing = () => {}
const audited = ({ req, res }) =>
  answer(req, res, (_req, filter, results) => {
    req.auditLog.setFilter(filter.object, filter.fields, filter.terms).setResults(results).info('Read a bicycle')
  })
const exempt = onNode(nothing)
const whole = onNode((req, res) => audited({ req, res }))
const wholeWithoutContext = nodeAudit(withoutContext)((req, res) => audited({ req, res }))

const sample = exchange(TARGET)
tell((req, filter, results) => {
  req.seen = { user: req.user, filter, results }
}, sample.req)
setHeaders(sample.res)
const plain = recordOf(sample.req, sample.res)
const parts = {
  id: uuidv7(Date.now()),
  time: Date.now(),
  durationMs: 1.234,
  logger: '"audit_log"',
  request: JSON.stringify(plain.http_request),
  response: JSON.stringify(plain.http_response),
  user: JSON.stringify(plain.user),
  filter: JSON.stringify(plain.filter),
  results: JSON.stringify(plain.results),
  outcome: 'success',
  type: 'INFO',
  message: '"Read a bicycle"',
}

// Each case: what it is given, if it needs something fresh a call; what is called; and the target, if there is one.
const cases = [
  {
    name: 'exempt path, node:http',
    fresh: () => exchange(EXEMPT_TARGET),
    call: ({ req, res }) => exempt(req, res),
    most: MOST_EXEMPT_NS,
  },
  {
    name: 'exempt path, Express',
    fresh: () => expressExchange(EXEMPT_TARGET),
    call: ({ req, res }) => onExpress(req, res, nothing),
    most: MOST_EXEMPT_NS,
  },
  // Express gives each request a hidden class of its own: to add a property is dear for everybody who does.
  {
    name: 'Express itself: one property added to a request',
    fresh: () => expressExchange(EXEMPT_TARGET),
    call: ({ req }) => {
      req.added = nothing
    },
  },
  {
    name: 'exchange without a server, bare',
    fresh: () => exchange(TARGET),
    call: ({ req, res }) => answer(req, res, nothing),
  },
  {
    name: 'exchange without a server, griffier',
    fresh: () => exchange(TARGET),
    call: ({ req, res }) => whole(req, res),
  },
  {
    name: 'exchange without a server, griffier without context',
    fresh: () => exchange(TARGET),
    call: ({ req, res }) => wholeWithoutContext(req, res),
  },
  { name: 'record: sealed from its parts', call: () => sealRecord(parts).line.length },
  { name: 'record: JSON.stringify of the same', call: () => JSON.stringify({ id: parts.id, ...plain }).length },
  { name: 'uuidv7', call: () => uuidv7(Date.now()).length },
  { name: 'isoTime', call: () => isoTime(Date.now()).length },
  { name: 'redaction of a URL without secrets', call: () => redactor.url(TARGET).length },
  { name: 'redaction of a URL with a secret', call: () => redactor.url(secretTarget).length },
].filter(({ name }) => name.includes(options.only))

let kept = 0
/** Nanoseconds a call, with what the call leaves to later turns of the event loop. */
async function nanoseconds({ fresh, call }) {
  const given = Array.from({ length: CALLS }, fresh ?? nothing)
  await turn()
  const start = process.hrtime.bigint()
  for (const one of given) kept += call(one) === undefined ? 0 : 1
  if (fresh !== undefined) {
    await turn()
    await Promise.all([audit.flush(), withoutContext.flush()])
  }
  return Number(process.hrtime.bigint() - start) / CALLS
}

const times = new Map(cases.map((one) => [one, []]))
for (let round = 0; round < Number(options.samples); round++) {
  for (const one of cases) times.get(one).push(await nanoseconds(one))
}
const rows = cases.map((one) => {
  const sorted = times.get(one).sort((a, b) => a - b)
  return { name: one.name, nanoseconds: sorted[sorted.length >> 1], most: one.most }
})
if (options.json) console.log(JSON.stringify(rows))
else
  for (const { name, nanoseconds: ns, most } of rows)
    console.log(`${ns.toFixed(0).padStart(8)} ns  ${name}${most === undefined ? '' : ` (at most ${most})`}`)
await Promise.all([audit.close(), withoutContext.close()])
if (kept + bytes === 0) throw new Error('nothing was measured')
