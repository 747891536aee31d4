import assert from 'node:assert/strict'
import { memorySink } from 'griffier/testing'
import { urlOf } from './support/serve.ts'

const sink = memorySink()
const bicycles = [
  { id: 1, colour: 'red' },
  { id: 2, colour: 'blue' },
]

// #region use
import { serve } from '@hono/node-server'
import { createAuditLog } from 'griffier'
import { honoAudit } from 'griffier/hono'
import { Hono } from 'hono'

const audit = createAuditLog({ logHandler: sink, exemptUrls: [/^\/health$/] })

const app = new Hono()
app.use(honoAudit(audit))
app.get('/health', (c) => c.text('ok'))
// #endregion

// #region annotate
app.get('/bicycles', (c) => {
  const colour = c.req.query('colour')
  const found = bicycles.filter((bicycle) => bicycle.colour === colour)
  c.var.auditLog
    .setFilter('Bicycle', ['colour'], colour)
    .setResults(found.map(({ id }) => ({ id })))
    .info('Searched bicycles')
  return c.json(found)
})
// #endregion

app.get('/broken', () => {
  throw new TypeError('no such table')
})
app.onError((_error, c) => c.json({ error: 'Try again later' }, 503))

const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
const url = await urlOf(server as Parameters<typeof urlOf>[0])
for (const path of ['/health', '/bicycles?colour=red', '/broken']) await (await fetch(url + path)).text()

// #region close
await new Promise((resolve) => server.close(resolve))
await audit.close()
// #endregion

const [search, broken, ...rest] = sink.records
assert.deepEqual(rest, [])
assert.deepEqual([search?.message, search?.results], ['Searched bicycles', [{ id: 1 }]])
assert.deepEqual([broken?.http_response?.status_code, broken?.error?.type], [503, 'TypeError'])
console.log('hono: two records, and none for /health')
