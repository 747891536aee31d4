import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'

/** Where a server listens; begins to, on a free port, where it does not yet. */
export async function urlOf(server: Server): Promise<string> {
  if (!server.listening) {
    if (server.address() === null) server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
