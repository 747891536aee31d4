/*
 * A client that keeps all that it gets of one HTTP/2 exchange.
 *
 *   const session = await connectHttp2(port)
 *   const got = request(session, { ':path': '/' }, body?)
 *   await got.ended            // the server has ended or reset the stream
 *   got.events                 // head, interim heads, trailers, end, reset, in order
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { createSignal } from './hold-control.ts'

export interface Http2Exchange {
  readonly stream: ClientHttp2Stream
  /** What arrived, in order: `['head', entries]`, `['interim', entries]`, `['trailers', entries]`, `['end']`, `['reset', code]`. */
  readonly events: readonly (readonly unknown[])[]
  readonly ended: Promise<void>
  body(): string
  /** Resolves once this much holds. */
  until(isMet: () => boolean): Promise<void>
  /** Whether a client may take what it has for the whole response. */
  isComplete(): boolean
}

export async function connectHttp2(port: number): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${port}`)
  session.on('error', () => undefined)
  await new Promise((resolve) => session.once('connect', resolve))
  return session
}

export function request(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: string): Http2Exchange {
  const stream = session.request(headers, { endStream: body === undefined })
  const events: (readonly unknown[])[] = []
  const signal = createSignal()
  let text = ''
  const note = (...event: readonly unknown[]): void => {
    events.push(event)
    signal.notify()
  }
  const has = (what: string): boolean => events.some(([event]) => event === what)
  const heads = (received: IncomingHttpHeaders): unknown => Object.entries(received)
  stream.on('headers', (received) => note('interim', heads(received)))
  stream.on('response', (received) => note('head', heads(received)))
  stream.on('trailers', (received) => note('trailers', heads(received)))
  stream.on('data', (data: Buffer) => {
    text += data.toString('latin1')
    signal.notify()
  })
  stream.on('error', () => undefined)
  stream.on('end', () => note('end'))
  const ended = new Promise<void>((resolve) => {
    stream.on('close', () => {
      if (stream.rstCode !== 0) note('reset', stream.rstCode)
      signal.notify()
      resolve()
    })
  })
  if (body !== undefined) stream.end(body)
  return {
    stream,
    events,
    ended,
    body: () => text,
    until: signal.until,
    isComplete: () => has('head') && has('end') && !has('reset'),
  }
}
