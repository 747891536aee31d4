import { parseAddress } from '../lib/ip.ts'
import type { ForwardedOrigin } from './client-address.ts'

/** What the URL of a request is made of. */
export interface UrlParts {
  /** The request's target as the client sent it; absent for an HTTP/2 CONNECT. */
  readonly target: string | undefined
  /** The Host header or HTTP/2's `:authority`. */
  readonly host: string | undefined
  /** The scheme of the connection. */
  readonly scheme: string
  /** Where the connection arrived; stands in for a host that was not sent. */
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
  /** What a trusted proxy says of the client's own request; goes before the connection's scheme and host. */
  readonly forwarded?: ForwardedOrigin | undefined
}

const acceptableRequestId = /^[A-Za-z0-9._:@-]{1,128}$/
/** W3C Trace Context, 3.2: lower-case hexadecimal, no ids of zeros only, version ff invalid; later versions may go on after a dash. */
const traceparent = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?=-|$)/
const LENGTH_OF_VERSION_00 = 55

/**
 * What the client asked for, never decoded: `*`, an absolute URL and an authority (CONNECT) as sent; else scheme, host and
 * target. Without a host it is the local address and port; where there is neither (a Unix socket), the target alone.
 */
export function requestUrl(parts: UrlParts): string {
  const { target, forwarded } = parts
  if (target === undefined || target === '') return originOf(parts)
  if (target.charCodeAt(0) !== 0x2f) return target
  if (forwarded === undefined && parts.host) return `${parts.scheme}://${parts.host}${target}`
  return originOf(parts) + target
}

/** The value of `X-Request-Id` where it is well-formed: 1 to 128 of `A-Z a-z 0-9 . _ : @ -`; else undefined. */
export function requestId(headerValue: unknown): string | undefined {
  return typeof headerValue === 'string' && acceptableRequestId.test(headerValue) ? headerValue : undefined
}

/** The trace id (32 hexadecimal digits) of a valid `traceparent`, else undefined. The sampled flag has no say. */
export function traceId(headerValue: unknown): string | undefined {
  if (typeof headerValue !== 'string') return undefined
  const match = traceparent.exec(headerValue)
  if (match === null || (match[1] === '00' && headerValue.length !== LENGTH_OF_VERSION_00)) return undefined
  return match[2]
}

function originOf({ scheme, host, localAddress, localPort, forwarded }: UrlParts): string {
  const authority = forwarded?.host || host || localAuthority(localAddress, localPort)
  return authority === '' ? '' : `${forwarded?.scheme ?? scheme}://${authority}`
}

function localAuthority(localAddress: string | undefined, localPort: number | undefined): string {
  const address = parseAddress(localAddress)
  if (address === null) return ''
  const host = address.includes(':') ? `[${address}]` : address
  return localPort === undefined ? host : `${host}:${localPort}`
}
