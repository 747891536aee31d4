// #region test
import assert from 'node:assert/strict'
import { test } from 'node:test'
import express from 'express'
import { expressAudit } from 'griffier/express'
import { expectAudited, memorySink } from 'griffier/testing'
import { urlOf } from './support/serve.ts'

test('a removal is audited', async () => {
  const sink = memorySink()
  const app = express()
  app.use(expressAudit({ logHandler: sink, loggerName: 'removals' }))
  app.delete('/bicycles/:id', (req, res) => {
    req.auditLog.setUser({ email: 'jane@example.org' }).warning(`Removed bicycle ${req.params.id}`)
    res.sendStatus(204)
  })
  const server = app.listen()

  await fetch(`${await urlOf(server)}/bicycles/7`, { method: 'DELETE' })
  const record = await expectAudited(sink, {
    http_request: { method: 'DELETE', url: /\/bicycles\/7$/ },
    user: { email: 'jane@example.org' },
    outcome: 'success',
  })
  assert.equal(record.message, 'Removed bicycle 7')
  server.close()
})

// #endregion

// #region fixed
import { createAuditLog } from 'griffier'
import { fixedClock, fixedIds } from 'griffier/testing'

test('records can be the same in every run', async () => {
  const sink = memorySink()
  const audit = createAuditLog({ logHandler: sink }, { clock: fixedClock(), ids: fixedIds() })
  await audit.logger().info('Closed for the night').sendLog()
  await audit.close()
  assert.deepEqual(sink.records, [
    {
      id: '01a211ee-ea80-7000-8000-000000000001',
      time: '2026-11-25T09:00:00.000Z',
      logger: 'audit_log',
      type: 'INFO',
      message: 'Closed for the night',
    },
  ])
})

// #endregion

// #region coverage
import { routeCoverage } from 'griffier/testing'

test('every route is audited', async () => {
  const sink = memorySink()
  const app = express()
  app.use(expressAudit({ logHandler: sink, loggerName: 'coverage', userFromRequest: (req) => req.headers.from }))
  app.get('/bicycles', (_req, res) => void res.json([]))
  app.delete('/bicycles/:id', (_req, res) => void res.sendStatus(204))
  app.get('/health', (_req, res) => void res.send('ok'))
  const server = app.listen()
  const url = await urlOf(server)

  const headers = { from: 'jane@example.org' }
  await fetch(`${url}/bicycles`, { headers })
  await fetch(`${url}/bicycles/7`, { method: 'DELETE', headers })
  await fetch(`${url}/health`)
  await sink.waitFor(3)

  routeCoverage(app, sink, { anonymous: ['GET /health'] }).assert()
  server.close()
})
// #endregion
