// Whether griffier forgets what it has recorded: heap and handles after the first requests and after all of them.
//
//   node --expose-gc bench/heap.js [--requests 1000000] [--first 50000] [--from ../dist] [--json]
//
// The client is another process, so that only the server's memory counts. Every request has its own URL, user agent and user.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { answer, makeUser } from './app.js'

/** How far the heap may grow between the two measurements. */
const MOST_GROWTH_MB = 2

const { values: options } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000000' },
    first: { type: 'string', default: '50000' },
    from: { type: 'string', default: '../dist' },
    json: { type: 'boolean', default: false },
  },
})
const requests = Number(options.requests)
const first = Number(options.first)

const { createAuditLog } = await import(`${options.from}/index.js`)
const { nodeAudit } = await import(`${options.from}/adapters/node.js`)

let records = 0
let faults = 0
const audit = createAuditLog({
  logHandler: () => {
    records++
  },
  userFromRequest: (req) => req.user,
  onError: () => {
    faults++
  },
})

function remember(req, filter, results) {
  req.auditLog.setFilter(filter.object, filter.fields, filter.terms).setResults(results).info(`Read ${req.url}`)
}

const server = createServer(
  nodeAudit(audit)((req, res) => {
    req.user = { ...makeUser(), email: `${req.url.slice(1)}@example.org` }
    answer(req, res, remember)
  }),
)
server.keepAliveTimeout = 0
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const client = fork(fileURLToPath(new URL('heap-client.js', import.meta.url)), [String(server.address().port)], {
  execArgv: [],
})

async function send(from, to) {
  client.send({ from, to })
  await once(client, 'message')
  await audit.flush()
}

async function measured() {
  for (let round = 0; round < 5; round++) {
    await turn()
    globalThis.gc()
  }
  const handles = process.getActiveResourcesInfo().filter((kind) => kind !== 'Immediate')
  return { heapMB: process.memoryUsage().heapUsed / 2 ** 20, handles: countsOf(handles) }
}

function countsOf(kinds) {
  const counts = {}
  for (const kind of kinds.sort()) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

await send(0, first)
const before = await measured()
await send(first, requests)
const after = await measured()
client.disconnect()
await once(client, 'exit')
server.close()
await audit.close()

const result = {
  requests,
  records,
  faults,
  growthMB: after.heapMB - before.heapMB,
  mostGrowthMB: MOST_GROWTH_MB,
  before,
  after,
}
const sameHandles = JSON.stringify(before.handles) === JSON.stringify(after.handles)
if (options.json) console.log(JSON.stringify(result))
else {
  console.log(`${records} records of ${requests} requests, ${faults} errors`)
  console.log(`heap: ${before.heapMB.toFixed(2)} MB after ${first}, ${after.heapMB.toFixed(2)} MB after ${requests}`)
  console.log(
    `handles: ${JSON.stringify(before.handles)}${sameHandles ? ', the same' : ` became ${JSON.stringify(after.handles)}`}`,
  )
}
if (records !== requests || faults > 0 || result.growthMB > MOST_GROWTH_MB || !sameHandles) process.exitCode = 1
