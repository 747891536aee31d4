/*
 * Audited apps under `@opentelemetry/instrumentation-http`, which wraps what a server emits and has to come before
 * everything else: a process of its own. Asks each app a few things and writes what was recorded, as JSON.
 */
import { createRequire } from 'node:module'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'

new HttpInstrumentation().enable()
const http = createRequire(import.meta.url)('node:http') as typeof import('node:http')
const wrapped = '__wrapped' in http.Server.prototype.emit

const { default: express } = await import('express')
const { expressAudit } = await import('../../../src/adapters/express.ts')
const { nodeAudit } = await import('../../../src/adapters/node.ts')
const { memorySink } = await import('../../../src/testing/memory-sink.ts')

const sinks = [memorySink(), memorySink(), memorySink()] as const
const app = express()
app.use(expressAudit({ loggerName: 'express', logHandler: sinks[0] }))
app.get('/text', (_req, res) => {
  res.type('text').send('hello')
})
let reach = (): void => undefined
app.get('/hang', () => reach())
const handler: import('node:http').RequestListener = (req, res) => {
  if (req.url === '/text') res.end('hello')
  else if (req.url === '/hang') reach()
  else res.writeHead(404).end()
}
const audited = nodeAudit({ loggerName: 'node', logHandler: sinks[1] })
const attached = nodeAudit({ loggerName: 'attached', logHandler: sinks[2] })
const servers = [
  http.createServer(app),
  http.createServer(audited(handler as never)),
  attached.attach(http.createServer(handler)),
] as const

const records: Record<string, unknown> = {}
for (const [index, server] of servers.entries()) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as import('node:net').AddressInfo
  for (const path of ['/text', '/nowhere']) await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  const leaving = new AbortController()
  reach = () => leaving.abort()
  await fetch(`http://127.0.0.1:${port}/hang`, { signal: leaving.signal }).catch(() => undefined)
  const sink = sinks[index] as (typeof sinks)[0]
  await sink.waitFor(3, 30_000)
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  records[String(sink.records[0]?.logger)] = sink.records.map(({ http_response, outcome }) => [
    http_response?.status_code,
    outcome,
  ])
}
process.stdout.write(JSON.stringify({ wrapped, records }))
