import assert from 'node:assert/strict'
import express from 'express'
import { memorySink } from 'griffier/testing'
import { urlOf } from './support/serve.ts'

const sink = memorySink()

// #region rules
import { createAuditLog } from 'griffier'
import { expressAudit } from 'griffier/express'

const audit = createAuditLog({
  logHandler: sink,
  exemptUrls: [/^\/health$/],
  rules: [
    { route: '/bicycles/:id', user: { role: 'editor' }, keep: 'full' },
    { method: ['GET', 'HEAD'], path: /^\/map\//, status: '2xx', keep: 'none' },
    { method: ['GET', 'HEAD'], keep: 'metadata' },
  ],
})
// #endregion

const app = express()
app.use(expressAudit(audit))
app.get('/map/:tile', (req, res) => void res.sendStatus(req.params.tile === '9' ? 404 : 200))
app.get('/bicycles/:id', (req, res) => {
  if (req.params.id === '1') req.auditLog.setUser({ id: 'jane', roles: ['editor'] })
  req.auditLog.setResults({ id: req.params.id }).info('Opened a bicycle')
  res.sendStatus(200)
})
const server = app.listen()
const url = await urlOf(server)
for (const path of ['/health', '/map/1', '/map/9', '/bicycles/1', '/bicycles/2']) await fetch(url + path)

// #region explain
const { rule, keep, because } = audit.explain({ method: 'GET', path: '/map/1', status: 200 })
// #endregion
assert.equal(rule, 'rules[1]')
assert.equal(keep, 'none')
assert.match(because, /^it is the first rule that holds: /)

server.closeAllConnections()
server.close()
await audit.close()

const kept = sink.records.map((record) => [record.http_request?.url?.slice(url.length), record.results, record.message])
assert.deepEqual(kept, [
  ['/map/9', undefined, ''],
  ['/bicycles/1', { id: '1' }, 'Opened a bicycle'],
  ['/bicycles/2', undefined, ''],
])
assert.match(sink.records[0]?.policy ?? '', /^[0-9a-f]{16}$/)
console.log('rules: five requests, three records, one of them full')
