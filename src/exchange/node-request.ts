import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Socket } from 'node:net'
import { decodeHeader } from '../lib/text.ts'
import { forwardedOrigin } from './client-address.ts'
import type { RequestFacts } from './facts.ts'
import type { Recorder } from './recorder.ts'
import { requestId, requestUrl, traceId } from './url.ts'

export type NodeRequest = IncomingMessage | Http2ServerRequest

/** How a Node framework's request differs from a bare one. */
export interface NodeFramework {
  /** The target that the client sent, where mounting shortens `url`. */
  target(req: NodeRequest): string
  /** The address that the framework's own trust setting decides on; undefined where it has none. */
  address?(req: NodeRequest): string | undefined
  /** Whether the request's own `user` is watched: where authentication sets it, and a logout may take it away again. */
  readonly watchesUser: boolean
  /** The route that was chosen, as the app wrote it, mounted path included. */
  route?(req: NodeRequest): string | undefined
  /** Where the framework's users are found, unless `userFromRequest` is set. */
  user(req: NodeRequest): unknown
}

/** Reads what a request says; cheap, and early, since an address is gone once its socket is. */
export function nodeRequestFacts(recorder: Recorder, req: NodeRequest, framework: NodeFramework): RequestFacts {
  const { headers } = req
  const peer = req.socket.remoteAddress
  const agent = headers['user-agent']
  const traceparent = headers.traceparent
  return {
    method: req.method ?? null,
    url: urlOf(recorder, req, framework.target(req), peer),
    userAgent: agent === undefined ? null : decodeHeader(agent),
    ip: addressOf(recorder, req, framework, peer),
    requestId: requestId(headers['x-request-id']),
    traceId: traceparent === undefined ? undefined : traceId(traceparent),
  }
}

function urlOf(recorder: Recorder, req: NodeRequest, target: string, peer: string | undefined): string {
  const { headers } = req
  const socket = req.socket as Socket & { readonly encrypted?: boolean }
  const host = 'authority' in req ? (req.authority ?? headers.host) : headers.host
  return requestUrl({
    target,
    host: host === undefined ? undefined : decodeHeader(host),
    scheme: socket.encrypted === true ? 'https' : 'http',
    localAddress: host === undefined ? socket.localAddress : undefined,
    localPort: host === undefined ? socket.localPort : undefined,
    forwarded: recorder.trustsPeer(peer) ? forwardedOrigin(headers, recorder.forwardedHeader) : undefined,
  })
}

function addressOf(
  recorder: Recorder,
  req: NodeRequest,
  framework: NodeFramework,
  peer: string | undefined,
): string | null {
  const forwarded = req.headers[recorder.forwardedHeader]
  if (recorder.hasOwnTrust) return recorder.clientAddress(peer, forwarded)
  const decided = framework.address?.(req)
  if (decided === undefined && forwarded !== undefined) recorder.ignored(recorder.forwardedHeader)
  return recorder.clientAddress(decided ?? peer, undefined)
}
