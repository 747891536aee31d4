// A writer by hand that does the least that still yields a full record: a yardstick, not a library. It redacts nothing,
// handles no error, has no id, and trusts that every header and every user has the expected shape.
import { hash, randomFillSync } from 'node:crypto'
import { fdatasync, fdatasyncSync, writeSync } from 'node:fs'
import { performance } from 'node:perf_hooks'

const NEEDS_ESCAPE = /["\\\p{Cc}\p{Cs}\u2028\u2029]/u
const CACHE_LIMIT = 2000

const known = new Map()

/** The JSON text of strings that come back from request to request. */
function text(value) {
  let json = known.get(value)
  if (json === undefined) {
    json = quote(String(value))
    if (known.size >= CACHE_LIMIT) known.clear()
    known.set(value, json)
  }
  return json
}

function quote(value) {
  return NEEDS_ESCAPE.test(value) ? JSON.stringify(value) : `"${value}"`
}

function headersText(headers) {
  let json = ''
  for (const name in headers) json += `${json === '' ? '' : ','}${text(name)}:${text(headers[name])}`
  return json
}

function userText(user, ip) {
  let roles = ''
  for (const role of user.roles) roles += (roles === '' ? '' : ',') + text(role)
  return `{"authenticated":${user.authenticated},"email":${text(user.email)},"roles":[${roles}],"provider":${text(user.provider)},"realm":${text(user.realm)},"ip":${text(ip)}}`
}

function lineOf(req, res, headers) {
  const url = quote(`http://${req.headers.host}${req.originalUrl ?? req.url}`)
  const { user, filter, results } = req.seen
  return `{"time":${Date.now()},"http_request":{"method":"${req.method}","url":${url},"user_agent":${text(req.headers['user-agent'])}},"http_response":{"status_code":${res.statusCode},"reason":"${res.statusMessage}","headers":{${headersText(headers)}}},"user":${userText(user, req.socket.remoteAddress)},"filter":${JSON.stringify(filter)},"results":${JSON.stringify(results)},"type":"INFO","message":"Read a bicycle"}\n`
}

/**
 * What a server takes to write to `descriptor`, in one go, the records of one turn of the event loop. With a guarantee,
 * `written` or `durable`, each response waits until its record is so, and each line has a nonce and is hashed as a leaf of
 * a tree, as on a trail.
 */
export function floor(server, descriptor, guarantee) {
  if (guarantee !== undefined) return shapes[server](holding(descriptor, guarantee === 'durable'))
  let pending = ''
  const write = () => {
    writeAll(descriptor, Buffer.from(pending))
    pending = ''
  }
  return shapes[server]((req, res, headersOf) => {
    res.on('finish', () => {
      if (pending === '') setImmediate(write)
      pending += lineOf(req, res, headersOf())
    })
  })
}

function writeAll(descriptor, bytes) {
  let at = 0
  while (at < bytes.length) at += writeSync(descriptor, bytes, at)
}

function holding(descriptor, isDurable) {
  let pending = []
  let waiting = []
  let isSyncing = false

  const release = (held) => {
    for (const go of held) go()
  }
  const write = () => {
    const lines = pending
    pending = []
    writeAll(descriptor, Buffer.from(lines.join('')))
    if (isDurable) sync()
    else release(waiting.splice(0))
    for (const line of lines) hash('sha256', `\0${line.slice(0, -1)}`, 'buffer')
  }
  const sync = () => {
    if (isSyncing || waiting.length === 0) return
    const held = waiting
    waiting = []
    isSyncing = true
    fdatasync(descriptor, () => {
      isSyncing = false
      release(held)
      if (pending.length === 0) sync()
    })
  }
  return (req, res, headersOf) => {
    const { end } = res
    // Not assigned where it is written: V8 would make it among the old objects, with all that it refers to.
    const heldEnd = (...args) => {
      if (pending.length === 0) setImmediate(write)
      pending.push(`${lineOf(req, res, headersOf()).slice(0, -2)},"nonce":"${nonce()}"}\n`)
      waiting.push(() => Reflect.apply(end, res, args))
      return res
    }
    res.end = heldEnd
  }
}

const random = Buffer.alloc(4096)
let used = random.length

function nonce() {
  if (used === random.length) {
    randomFillSync(random)
    used = 0
  }
  used += 16
  return random.base64urlSlice(used - 16, used)
}

/** The median time in ms of a sync of one record more in the file of `descriptor`. */
export function syncTime(descriptor, times = 200) {
  const line = Buffer.alloc(1000, 'x')
  const taken = Array.from({ length: times }, () => {
    const start = performance.now()
    writeAll(descriptor, line)
    fdatasyncSync(descriptor)
    return performance.now() - start
  })
  return taken.sort((a, b) => a - b)[times >> 1]
}

function onExpress(watch) {
  const middleware = (req, res, next) => {
    watch(req, res, () => res.getHeaders())
    next()
  }
  return { middleware }
}

function onFastify(watch) {
  const plugin = async (app) => {
    app.addHook('onRequest', (request, reply, done) => {
      watch(request.raw, reply.raw, () => reply.getHeaders())
      done()
    })
  }
  return { plugin: [Object.assign(plugin, { [Symbol.for('skip-override')]: true })] }
}

function onKoa(watch) {
  const middleware = ({ req, res }, next) => {
    watch(req, res, () => res.getHeaders())
    return next()
  }
  return { middleware }
}

/** Its headers go out with `writeHead`, and Node keeps no others; those of its `Response` are dear to ask for. */
function onHono(watch) {
  const middleware = ({ env: { incoming, outgoing } }, next) => {
    const { writeHead } = outgoing
    let sent
    const seeingHead = (status, headers) => {
      sent = headers
      return Reflect.apply(writeHead, outgoing, [status, headers])
    }
    outgoing.writeHead = seeingHead
    watch(incoming, outgoing, () => sent)
    return next()
  }
  return { middleware }
}

const shapes = {
  node: onExpress,
  express: onExpress,
  fastify: onFastify,
  koa: onKoa,
  hono: onHono,
  nest: onExpress,
}
