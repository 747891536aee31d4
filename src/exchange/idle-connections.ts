import type { Server, ServerResponse } from 'node:http'
import { type Link, LinkedList } from '../lib/linked-list.ts'

const keptKey: unique symbol = Symbol('griffier.kept')

interface Keeping {
  [keptKey]?: LinkedList<ServerResponse>
}

/** A response whose connection is kept, until it is removed. */
export type Kept = Pick<Link<ServerResponse>, 'remove'>

/**
 * Keeps a server that closes from closing the connection of a response that has ended but is held: `closeIdleConnections`,
 * which `close` calls, takes an ended response for a sent one.
 */
export function keepFromClosing(server: (Server & Keeping) | undefined, res: ServerResponse): Kept | undefined {
  if (server === undefined) return undefined
  const kept = server[keptKey] ?? shadowCloseIdle(server)
  return kept.add(res)
}

function shadowCloseIdle(server: Server & Keeping): LinkedList<ServerResponse> {
  const kept = new LinkedList<ServerResponse>()
  const { closeIdleConnections } = server
  if (typeof closeIdleConnections !== 'function') return kept
  server[keptKey] = kept
  server.closeIdleConnections = function (this: Server): void {
    const ended = [...kept].filter((res) => res.finished)
    for (const res of ended) res.finished = false
    try {
      closeIdleConnections.call(this)
    } finally {
      for (const res of ended) res.finished = true
    }
  }
  return kept
}
