import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Socket } from 'node:net'
import { decodeHeader } from '../lib/text.ts'
import { forwardedOrigin } from './client-address.ts'
import type { RequestFacts } from './facts.ts'
import { nodeHeader } from './node-headers.ts'
import type { Recorder } from './recorder.ts'
import { requestId, requestUrl, traceId } from './url.ts'

export type NodeRequest = IncomingMessage | Http2ServerRequest

/**
 * How a Node framework's request differs from a bare one. What an app of it calls its request is the source: the
 * framework's own request or context, also given to `userFromRequest`.
 */
export interface NodeFramework {
  /** What the source is: Node's request as it is, Node's request with more to it, or an object of its own that is made later. */
  readonly source: 'bare' | 'extended' | 'own'
  /** The target that the client sent, where mounting shortens `url`; the source of an early exchange is not known yet. */
  target(req: NodeRequest, source: object | undefined): string
  /** The address that the framework's own trust setting decides on; undefined where it has none. */
  address?(source: object): string | undefined
  /** The object whose `user` is watched: authentication sets it, and a logout may take it away again. */
  userHolder?(source: object): object
  /** Node's request of a source that holds the user itself and has a prototype of its app's own: that is watched, at once for all. */
  rawOf?(source: object): object
  /** The route that was chosen, as the app wrote it, mounted path included. */
  route?(source: object): string | undefined
  /** Where the framework's users are found, unless `userFromRequest` is set. */
  user(source: object): unknown
}

/** The target as the client sent it, also where a framework rewrote `url` and kept the original as Express does. */
export function originalTarget(req: NodeRequest): string {
  return (req as { readonly originalUrl?: string }).originalUrl ?? req.url ?? ''
}

/** Reads what a request says, once. */
export function nodeRequestFacts(recorder: Recorder, req: NodeRequest, target: string): RequestFacts {
  const agent = nodeHeader(req, 'user-agent')
  const traceparent = nodeHeader(req, 'traceparent')
  return {
    method: req.method ?? null,
    url: urlOf(recorder, req, target),
    userAgent: agent === undefined ? null : decodeHeader(agent),
    requestId: requestId(nodeHeader(req, 'x-request-id')),
    traceId: traceparent === undefined ? undefined : traceId(traceparent),
  }
}

function urlOf(recorder: Recorder, req: NodeRequest, target: string): string {
  const socket = req.socket as Socket & { readonly encrypted?: boolean }
  const host = ('authority' in req ? req.authority : undefined) ?? nodeHeader(req, 'host')
  return requestUrl({
    target,
    host: host === undefined ? undefined : decodeHeader(host),
    scheme: socket.encrypted === true ? 'https' : 'http',
    localAddress: host === undefined ? socket.localAddress : undefined,
    localPort: host === undefined ? socket.localPort : undefined,
    forwarded: recorder.trustsPeer(socket.remoteAddress)
      ? forwardedOrigin(req.headers, recorder.forwardedHeader)
      : undefined,
  })
}

/** The client's address: by our own trust setting, else as the framework decided, else the connection's. */
export function addressOf(
  recorder: Recorder,
  req: NodeRequest,
  peer: string | undefined,
  decided: string | undefined,
): string | null {
  const forwarded = nodeHeader(req, recorder.forwardedHeader)
  if (recorder.hasOwnTrust) return recorder.clientAddress(peer, forwarded)
  if (decided === undefined && forwarded !== undefined) recorder.ignored(recorder.forwardedHeader)
  return recorder.clientAddress(decided ?? peer, undefined)
}
