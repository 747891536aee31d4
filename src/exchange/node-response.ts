import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { reasonPhrase } from '../lib/reason-phrases.ts'
import { type Ending, type Moment, NOTHING_SENT, type ResponseHead } from './facts.ts'
import type { HeaderText } from './header-text.ts'

export type NodeResponse = ServerResponse | Http2ServerResponse

/** RFC 9113, 7: the client no longer wants the stream. */
const HTTP2_CANCEL = 8

/** Errors by which a socket says that its peer has gone. */
const PEER_GONE: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED'])

export function isHttp2(res: NodeResponse): res is Http2ServerResponse {
  return 'stream' in res
}

/** The head of an HTTP/1 response as it was handed to the socket. */
export function http1Head(res: ServerResponse, text: HeaderText): ResponseHead {
  const written = writtenHead(res)
  if (written !== undefined) return text.fromHead(written)
  if (!res.headersSent) return NOTHING_SENT
  const reason = res.statusMessage ?? reasonPhrase(res.statusCode) ?? ''
  return { status: res.statusCode, reason, headers: text.fromObject(res.getHeaders()), inexact: true }
}

/**
 * The only private field that griffier reads: `_header` is the very text that Node writes, which `getHeaders()` is not
 * (it is empty after `writeHead(status, headers)`, and lacks Date, Connection and the transfer coding).
 */
export function writtenHead(res: NodeResponse): string | undefined {
  const { _header } = res as { readonly _header?: unknown }
  return typeof _header === 'string' ? _header : undefined
}

/** The head of an HTTP/2 response as it was sent; HTTP/2 has no reason phrase, so the standard one stands in. */
export function http2Head(stream: ServerHttp2Stream, text: HeaderText): ResponseHead {
  const { sentHeaders } = stream as ServerHttp2Stream & { readonly sentHeaders?: Record<string, unknown> }
  return sentHeaders === undefined ? NOTHING_SENT : http2HeadOf(sentHeaders, Number(sentHeaders[':status']), text)
}

export function http2HeadOf(
  headers: Readonly<Record<string, unknown>>,
  status: number,
  text: HeaderText,
): ResponseHead {
  return { status, reason: reasonPhrase(status) ?? '', headers: text.fromObject(headers) }
}

/** Whether the client ended a connection, by closing its side or by vanishing; a server that cuts leaves neither trace. */
export function http1EndedBy(socket: Socket): 'client' | 'server' {
  return socket.readableEnded || isPeerGone(socket.errored) ? 'client' : 'server'
}

/** Whether an error says that the peer has gone, rather than that something is wrong here. */
function isPeerGone(error: (Error & { readonly code?: unknown }) | null): boolean {
  return error !== null && PEER_GONE.has(error.code)
}

/** By the code that reset the stream: CANCEL, also where the connection broke; or by the client's goodbye with an error. */
function http2EndedBy(stream: ServerHttp2Stream): 'client' | 'server' {
  const { code } = (stream.errored ?? {}) as { readonly code?: unknown }
  return stream.rstCode === HTTP2_CANCEL || code === 'ERR_HTTP2_SESSION_ERROR' ? 'client' : 'server'
}

export function http1Ending(res: ServerResponse, socket: Socket, moment: Moment, text: HeaderText): Ending {
  const head = http1Head(res, text)
  if (moment === 'finish' || res.writableFinished) return { head, complete: true }
  return { head, complete: false, endedBy: moment === 'now' ? 'server' : http1EndedBy(socket) }
}

export function http2Ending(
  res: Http2ServerResponse,
  stream: ServerHttp2Stream,
  moment: Moment,
  text: HeaderText,
): Ending {
  const head = http2Head(stream, text)
  // A stream that was cancelled says `finish` too, so that the event alone tells nothing.
  const complete = moment !== 'now' && head.status !== null && stream.rstCode === 0 && res.writableEnded
  return { head, complete, endedBy: moment === 'now' ? 'server' : http2EndedBy(stream) }
}
