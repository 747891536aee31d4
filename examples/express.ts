import assert from 'node:assert/strict'
import http from 'node:http'
import { memorySink } from 'griffier/testing'
import { urlOf } from './support/serve.ts'

const sink = memorySink()
const bicycles = [
  { id: 1, colour: 'red', owner: 'J. Jansen' },
  { id: 2, colour: 'blue', owner: 'P. de Vries' },
]

// #region use
import express, { type NextFunction, type Request, type Response } from 'express'
import { createAuditLog } from 'griffier'
import { expressAudit } from 'griffier/express'

const audit = createAuditLog({ logHandler: sink, exemptUrls: [/^\/health$/] })

const app = express()
app.use(expressAudit(audit))
app.get('/health', (_req, res) => void res.send('ok'))
// #endregion

// #region annotate
app.get('/bicycles', (req, res) => {
  const found = bicycles.filter((bicycle) => bicycle.colour === req.query.colour)
  req.auditLog
    .setFilter('Bicycle', ['colour'], req.query.colour)
    .setResults(found.map(({ id }) => ({ id })))
    .info('Searched bicycles')
  res.json(found)
})
// #endregion

// #region current
async function removeBicycle(id: number): Promise<void> {
  audit.current().warning(`Removed bicycle ${id}`)
}

app.delete('/bicycles/:id', async (req, res) => {
  await removeBicycle(Number(req.params.id))
  res.sendStatus(204)
})
// #endregion

// #region event
app.post('/notices', (req, res) => {
  for (const { id } of bicycles) void req.auditLog.event().info(`Notice sent to the owner of bicycle ${id}`).sendLog()
  req.auditLog.info('Sent notices')
  res.sendStatus(202)
})
// #endregion

app.get('/broken', () => {
  throw new TypeError('no such table')
})

// #region error
app.use((error: Error, req: Request, res: Response, next: NextFunction) => {
  req.auditLog.error(`Failed: ${error.message}`)
  if (res.headersSent) next(error)
  else res.status(503).json({ error: 'Try again later' })
})

// #endregion

// #region server
import { nodeAudit } from 'griffier/node'

const audited = nodeAudit(audit)
const server = audited.attach(http.createServer(audited.serverOptions, app))
// #endregion

const url = await urlOf(server)
await fetch(`${url}/health`)
await fetch(`${url}/bicycles?colour=red`)
await fetch(`${url}/bicycles/2`, { method: 'DELETE' })
await fetch(`${url}/notices`, { method: 'POST' })
await fetch(`${url}/broken`)

// #region close
server.closeAllConnections()
await new Promise((resolve) => server.close(resolve))
await audit.close()
// #endregion

const [search, removal, notice, , notices, broken, ...rest] = sink.records
assert.deepEqual(rest, [])
assert.deepEqual(search?.filter, { object: 'Bicycle', fields: ['colour'], terms: 'red' })
assert.deepEqual(search?.results, [{ id: 1 }])
assert.deepEqual([removal?.type, removal?.message], ['WARNING', 'Removed bicycle 2'])
assert.deepEqual([notice?.kind, notice?.exchange], ['event', notices?.id])
assert.deepEqual([broken?.type, broken?.message], ['ERROR', 'Failed: no such table'])
assert.deepEqual([broken?.http_response?.status_code, broken?.outcome], [503, 'failure'])
console.log('express: 4 requests and 2 events, and none for /health')
