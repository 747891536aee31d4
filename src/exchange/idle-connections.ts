import type { Server, ServerResponse } from 'node:http'

const keptKey: unique symbol = Symbol('griffier.kept')

interface Keeping {
  [keptKey]?: Set<ServerResponse>
}

/**
 * Keeps a server that closes from closing the connection of a response that has ended but is held: `closeIdleConnections`,
 * which `close` calls, takes an ended response for a sent one.
 */
export function keepFromClosing(server: (Server & Keeping) | undefined, res: ServerResponse): void {
  if (server === undefined) return
  const kept = server[keptKey] ?? shadowCloseIdle(server)
  kept.add(res)
}

export function letClose(server: (Server & Keeping) | undefined, res: ServerResponse): void {
  server?.[keptKey]?.delete(res)
}

function shadowCloseIdle(server: Server & Keeping): Set<ServerResponse> {
  const kept = new Set<ServerResponse>()
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
