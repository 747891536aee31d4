import type { Socket } from 'node:net'
import { lift, shadow } from './shadow.ts'

/** A head is far shorter: what is longer is none. */
const LONGEST_HEAD = 65_536

/**
 * Calls back with the head that is written next on a socket, once it is whole, or with undefined where the socket closes
 * before. Only `write` and `end` are shadowed, and only until then: the bytes go out as they are. What is written before
 * the head's `beginning` belongs to others.
 */
export function onNextHead(socket: Socket, callback: (head: string | undefined) => void, beginning: string = ''): void {
  let written = ''
  const see = (chunk: unknown): void => {
    const text = textOf(chunk)
    if (written === '' && !text.startsWith(beginning)) return
    written += text
    const length = written.indexOf('\r\n\r\n')
    if (length !== -1) finish(written.slice(0, length))
    else if (written.length > LONGEST_HEAD) finish(undefined)
  }
  const closed = (): void => finish(undefined)
  const finish = (head: string | undefined): void => {
    socket.removeListener('close', closed)
    lift(socket, 'end', end)
    lift(socket, 'write', write)
    callback(head)
  }
  const write = seeing(socket.write, see)
  const end = seeing(socket.end, see)
  shadow(socket, 'write', write)
  shadow(socket, 'end', end)
  socket.once('close', closed)
}

/** A method of a socket that shows what it is given before it does what it did. */
function seeing(
  method: (...written: never[]) => unknown,
  see: (chunk: unknown) => void,
): (...written: never[]) => unknown {
  return function (this: Socket, ...written: never[]): unknown {
    see(written[0])
    return Reflect.apply(method, this, written)
  }
}

function textOf(chunk: unknown): string {
  if (typeof chunk === 'string') return chunk
  return chunk instanceof Uint8Array ? Buffer.from(chunk).toString('latin1') : ''
}
