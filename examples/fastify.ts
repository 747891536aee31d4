import assert from 'node:assert/strict'
import { memorySink } from 'griffier/testing'

const sink = memorySink()
const bicycles = [
  { id: 1, colour: 'red' },
  { id: 2, colour: 'blue' },
]

// #region use
import fastify from 'fastify'
import { createAuditLog } from 'griffier'
import { fastifyAudit } from 'griffier/fastify'

const audit = createAuditLog({ logHandler: sink, exemptUrls: [/^\/health$/] })

const app = fastify()
app.register(fastifyAudit, audit)
app.get('/health', async () => 'ok')
// #endregion

// #region annotate
app.get<{ Querystring: { colour: string } }>('/bicycles', async (request) => {
  const found = bicycles.filter(({ colour }) => colour === request.query.colour)
  request.auditLog
    .setFilter('Bicycle', ['colour'], request.query.colour)
    .setResults(found.map(({ id }) => ({ id })))
    .info('Searched bicycles')
  return found
})
// #endregion

app.get('/broken', async () => {
  throw new TypeError('no such table')
})

const url = await app.listen({ port: 0, host: '127.0.0.1' })
await fetch(`${url}/health`)
await fetch(`${url}/bicycles?colour=red`)
await fetch(`${url}/broken`)
await fetch(`${url}/nowhere`)

// #region close
await app.close()
await audit.close()
// #endregion

const [search, broken, nowhere, ...rest] = sink.records
assert.deepEqual(rest, [])
assert.deepEqual(search?.filter, { object: 'Bicycle', fields: ['colour'], terms: 'red' })
assert.deepEqual(search?.results, [{ id: 1 }])
assert.deepEqual(broken?.error, { type: 'TypeError', message: 'no such table' })
assert.deepEqual(nowhere?.http_response?.status_code, 404)

// #region server
import { nodeAudit } from 'griffier/node'

const strict = fastify({ http: { ...nodeAudit(audit).serverOptions } })
// #endregion

await strict.close()
console.log('fastify: 3 requests, and none for /health')
