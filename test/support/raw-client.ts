/*
 * A client that sends the very bytes it is told and keeps the very bytes it gets, over HTTP/1.
 *
 *   const client = await connectRaw(port)            // or { port, tls: true }
 *   client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
 *   const [response] = await client.responses(['GET'])   // once they are all complete
 *   client.received()                                // everything so far, as latin1 text
 *   await client.closed                              // 'end' (orderly) or 'reset'
 *
 * `parseResponses(text, methods, ended)` splits what was received; `withoutDate(text)` makes it comparable.
 */
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface RawResponse {
  readonly status: number
  /** Status line and header lines, as sent. */
  readonly head: string
  /** The body as framed: chunks with their sizes. */
  readonly body: string
  /** Whether a client may take it for the whole response. */
  readonly isComplete: boolean
}

export interface RawClient {
  readonly socket: Socket
  readonly closed: Promise<'end' | 'reset'>
  send(text: string): void
  /** Breaks the connection off. One that is only closed could be half-closed, for all that a server knows. */
  reset(): void
  received(): string
  /** Everything received, once the predicate holds for it; rejects when the connection closes before. */
  until(isEnough: (text: string) => boolean): Promise<string>
  /** The responses to requests of these methods, interim ones included, once the last is complete. */
  responses(methods: readonly string[]): Promise<readonly RawResponse[]>
}

export async function connectRaw(
  target: number | { readonly port: number; readonly tls: boolean },
): Promise<RawClient> {
  const { port, tls } = typeof target === 'number' ? { port: target, tls: false } : target
  const connection = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const socket = tls
    ? connectTls({ socket: connection, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
    : connection
  const client = createRawClient(socket, () => void connection.resetAndDestroy())
  await new Promise((resolve, reject) => {
    socket.once(tls ? 'secureConnect' : 'connect', resolve)
    socket.once('error', reject)
  })
  return client
}

function createRawClient(socket: Socket, reset: () => void): RawClient {
  let text = ''
  let ended = false
  let closed = false
  let failed = false
  let wake = (): void => undefined
  let changed = new Promise<void>((resolve) => (wake = resolve))
  const notify = (): void => {
    wake()
    changed = new Promise((resolve) => (wake = resolve))
  }
  socket.on('data', (data: Buffer) => {
    text += data.toString('latin1')
    notify()
  })
  socket.on('end', () => {
    ended = true
    notify()
    socket.end()
  })
  socket.on('error', () => (failed = true))
  const close = new Promise<'end' | 'reset'>((resolve) => {
    socket.on('close', () => {
      closed = true
      notify()
      resolve(failed || !ended ? 'reset' : 'end')
    })
  })
  const until = async (isEnough: (text: string) => boolean): Promise<string> => {
    while (!isEnough(text)) {
      if (closed) throw new Error(`The connection closed after ${JSON.stringify(text)}`)
      await changed
    }
    return text
  }
  return {
    socket,
    closed: close,
    send: (bytes) => void socket.write(bytes, 'latin1'),
    reset,
    received: () => text,
    until,
    async responses(methods) {
      const all = (): readonly RawResponse[] => parseResponses(text, methods, ended && !failed)
      const isAnswered = (): boolean => {
        const final = all().filter(({ status }) => status >= 200)
        return final.length === methods.length && final.every(({ isComplete }) => isComplete)
      }
      await until(isAnswered)
      return all()
    },
  }
}

/** Splits what was received; `ended` says that the server closed in an orderly way. An unfinished head is left out. */
export function parseResponses(text: string, methods: readonly string[], ended: boolean): readonly RawResponse[] {
  const responses: RawResponse[] = []
  let rest = text
  let answered = 0
  while (rest.includes('\r\n\r\n')) {
    const end = rest.indexOf('\r\n\r\n') + 4
    const head = rest.slice(0, end)
    const status = Number(head.slice(9, 12))
    const { length, isComplete } = bodyOf(head, status, methods[answered], rest.slice(end), ended)
    responses.push({ status, head, body: rest.slice(end, end + length), isComplete })
    if (status >= 200) answered++
    rest = rest.slice(end + length)
  }
  return responses
}

function bodyOf(
  head: string,
  status: number,
  method: string | undefined,
  rest: string,
  ended: boolean,
): { length: number; isComplete: boolean } {
  if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return { length: 0, isComplete: true }
  if (/\r\ntransfer-encoding: chunked/i.test(head)) return chunkedBody(rest)
  const declared = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (declared === undefined) return { length: rest.length, isComplete: ended }
  return { length: Math.min(Number(declared), rest.length), isComplete: rest.length >= Number(declared) }
}

function chunkedBody(rest: string): { length: number; isComplete: boolean } {
  let at = 0
  for (;;) {
    const size = /^([0-9a-f]+)\r\n/i.exec(rest.slice(at, at + 20))
    if (size === null) return { length: rest.length, isComplete: false }
    if (Number.parseInt(size[1]!, 16) === 0) {
      const trailers = rest.slice(at + size[0].length - 2)
      const end = trailers.indexOf('\r\n\r\n')
      if (end === -1) return { length: rest.length, isComplete: false }
      return { length: at + size[0].length - 2 + end + 4, isComplete: true }
    }
    at += size[0].length + Number.parseInt(size[1]!, 16) + 2
    if (at > rest.length) return { length: rest.length, isComplete: false }
  }
}

/** The same text with every Date header blanked, for comparison. */
export function withoutDate(text: string): string {
  return text.replace(/\r\nDate: [^\r]*/g, '\r\nDate: -')
}
