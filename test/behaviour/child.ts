/** What the processes of these tests have at hand: the doors of the package, a server and a client. */
import { once } from 'node:events'
import http, { type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export { nodeAudit } from '../../src/adapters/node.ts'
export { createAuditLog } from '../../src/audit-log/create-audit-log.ts'
export { fileSink } from '../../src/sinks/file.ts'
export { memorySink } from '../../src/testing/memory-sink.ts'

export async function listen(listener: RequestListener): Promise<Server & { readonly port: number }> {
  const server = http.createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(server, { port: (server.address() as AddressInfo).port })
}

export async function get(port: number, path: string, options: http.RequestOptions = {}): Promise<string> {
  const req = http.get({ host: '127.0.0.1', port, path, ...options })
  const [res] = (await once(req, 'response')) as [http.IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of res) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
