import type { Socket } from 'node:net'

/** A head is far shorter; what follows it is not kept. */
const LONGEST_HEAD = 65_536

/**
 * Calls back with the head that is written next on a socket, once it is whole, or with undefined where the socket closes
 * before. Only `write` and `end` are shadowed, and only until then: the bytes go out as they are.
 */
export function createNextWrite(socket: Socket, callback: (head: string | undefined) => void): void {
  let written = ''
  let done = false

  const finish = (head: string | undefined): void => {
    if (done) return
    done = true
    restore()
    callback(head)
  }
  const see = (chunk: unknown, encoding: unknown): void => {
    if (done) return
    if (typeof chunk === 'string') written += encoding === 'hex' || encoding === 'base64' ? '' : chunk
    else if (chunk instanceof Uint8Array)
      written += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
    const end = written.indexOf('\r\n\r\n')
    if (end !== -1) finish(written.slice(0, end))
    else if (written.length > LONGEST_HEAD) finish(undefined)
  }
  const shadows = (['write', 'end'] as const).map((name) => shadow(socket, name, see))
  const closed = (): void => finish(undefined)
  socket.once('close', closed)
  const restore = (): void => {
    socket.removeListener('close', closed)
    for (const undo of shadows) undo()
  }
}

function shadow(socket: Socket, name: 'write' | 'end', see: (chunk: unknown, encoding: unknown) => void): () => void {
  const original = socket[name] as (...written: unknown[]) => unknown
  const own = Object.hasOwn(socket, name)
  const shadowing = function (this: Socket, ...written: unknown[]): unknown {
    see(written[0], written[1])
    return Reflect.apply(original, this, written)
  }
  socket[name] = shadowing as never
  return () => {
    if (socket[name] !== (shadowing as unknown)) return
    if (own) socket[name] = original as never
    else delete (socket as Partial<Record<'write' | 'end', unknown>>)[name]
  }
}
