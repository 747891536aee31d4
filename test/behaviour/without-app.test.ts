import type { IncomingMessage, ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { expressAudit } from '../../src/adapters/express.ts'
import { open, quietApp, serve } from './audited.ts'

test('the Express middleware works on a bare server too, as on other routers of its kind', async () => {
  const { audit, record } = open()
  const middleware = expressAudit(audit) as unknown as (
    req: IncomingMessage,
    res: ServerResponse,
    next: () => void,
  ) => void
  const port = await serve((req, res) => {
    middleware(req, res, () => {
      ;(req as unknown as Express.Request).auditLog.info('looked')
      res.end('ok')
    })
  })
  await (await fetch(`http://127.0.0.1:${port}/x`)).text()
  expect((await record()).message).toBe('looked')
})

test('an app that puts an auditLog of its own on a request has that', async () => {
  const { audit, record } = open()
  const app = quietApp()
  app.use(expressAudit(audit))
  app.get('/x', (req, res) => {
    Object.assign(req, { auditLog: 'mine' })
    res.json([req.auditLog, Object.keys(req).includes('auditLog')])
  })
  const port = await serve(app)
  expect(await (await fetch(`http://127.0.0.1:${port}/x`)).json()).toEqual(['mine', true])
  expect((await record()).outcome).toBe('success')
})
