import type { Socket } from 'node:net'

const WAITING = Symbol('griffier.waiting')

interface Watched {
  [WAITING]?: Map<object, () => void>
}

/** Calls back when a socket closes, with one listener however many wait: hundreds may be pipelined on one connection. */
export function whenSocketCloses(socket: Socket, owner: object, callback: () => void): void {
  const watched = socket as Socket & Watched
  if (watched[WAITING] === undefined) {
    const waiting = new Map<object, () => void>()
    watched[WAITING] = waiting
    socket.once('close', () => {
      for (const waiter of waiting.values()) waiter()
      waiting.clear()
    })
  }
  watched[WAITING].set(owner, callback)
}

/** A socket lives longer than its exchanges. */
export function stopWaiting(socket: Socket, owner: object): void {
  ;(socket as Socket & Watched)[WAITING]?.delete(owner)
}
