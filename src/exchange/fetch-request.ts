import { decodeHeader } from '../lib/text.ts'
import { forwardedOrigin } from './client-address.ts'
import type { RequestFacts } from './facts.ts'
import type { Recorder } from './recorder.ts'
import { requestId, requestUrl, traceId } from './url.ts'

/** The parts of a URL that a `Request` has: its origin, and the target after it. */
const absolute = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/is

/** Reads what a `Request` says; its body is left alone. */
export function fetchRequestFacts(recorder: Recorder, request: Request, peer: string | undefined): RequestFacts {
  const { headers } = request
  const agent = headers.get('user-agent')
  return {
    method: request.method,
    url: recorder.trustsPeer(peer) ? forwardedUrl(recorder, request) : request.url,
    userAgent: agent === null ? null : decodeHeader(agent),
    requestId: requestId(headers.get('x-request-id')),
    traceId: traceId(headers.get('traceparent')),
  }
}

/** The client's address: what the platform says, or whom a trusted proxy names; null where nobody can be believed. */
export function fetchAddress(recorder: Recorder, { headers }: Request, peer: string | undefined): string | null {
  const forwarded = headers.get(recorder.forwardedHeader) ?? undefined
  if (recorder.hasOwnTrust) return recorder.clientAddress(peer, forwarded)
  if (forwarded !== undefined) recorder.ignored(recorder.forwardedHeader)
  return recorder.clientAddress(peer, undefined)
}

/** As the client asked for it, by what its proxy tells of scheme and host. */
function forwardedUrl(recorder: Recorder, { url, headers }: Request): string {
  const [, scheme, host, rest] = absolute.exec(url) ?? []
  if (scheme === undefined) return url
  const told = ['forwarded', 'x-forwarded-proto', 'x-forwarded-host'].map((name) => [
    name,
    headers.get(name) ?? undefined,
  ])
  const forwarded = forwardedOrigin(Object.fromEntries(told), recorder.forwardedHeader)
  return requestUrl({ target: rest, host, scheme, forwarded })
}
