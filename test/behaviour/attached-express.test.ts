import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { expressAudit } from '../../src/adapters/express.ts'
import { nodeAudit } from '../../src/adapters/node.ts'
import { open, quietApp } from './audited.ts'

test('a record that was begun at the server takes in what Express knows: its trust in proxies and its user', async () => {
  const { audit, record } = open()
  const app = quietApp().set('trust proxy', 'loopback')
  app.use(expressAudit(audit))
  app.get('/x', (req, res) => {
    Object.assign(req, { user: { id: 'jane' } })
    res.end('ok')
  })
  const server = nodeAudit(audit).attach(http.createServer(app)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => server.closeAllConnections())
  const { port } = server.address() as AddressInfo
  await fetch(`http://127.0.0.1:${port}/x`, { headers: { 'x-forwarded-for': '203.0.113.7' } })
  expect((await record()).user).toMatchObject({ id: 'jane', ip: '203.0.113.7' })
})

test('a request that comes after close is counted once, though server and framework both see it', async () => {
  const { audit } = open()
  const app = quietApp()
  app.use(expressAudit(audit), (_req, res) => void res.end('ok'))
  const server = nodeAudit(audit).attach(http.createServer(app)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => server.closeAllConnections())
  await audit.close()
  expect(await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/x`)).text()).toBe('ok')
  expect(audit.health().counters.afterClose).toBe(1)
})
