import { BoundedMap } from '../lib/bounded-map.ts'
import { AuditError } from '../lib/errors.ts'
import { compileTrust, parseAddress, type Trust } from '../lib/ip.ts'
import { elementsFromRight, parameterOf } from './forwarded.ts'

/** The two settings that say which proxies are believed. */
export interface ForwardedSettings {
  /** Addresses, CIDRs and range names, or a number of hops; nobody when left out, empty or 0. */
  readonly trustedProxies?: readonly string[] | number | undefined
  /** The one header that those proxies write. Default: `x-forwarded-for`. */
  readonly forwardedHeader?: string | undefined
}

/** The client's address, valid and normalised, or null; from the connection's peer and the value of the configured header. */
export type ClientAddress = (
  peer: string | null | undefined,
  header: string | readonly string[] | undefined,
) => string | null

/** The scheme and host that a client used, as its proxy tells; undefined what it does not. */
export interface ForwardedOrigin {
  readonly scheme: 'http' | 'https' | undefined
  readonly host: string | undefined
}

type Headers = { readonly [name: string]: string | readonly string[] | undefined }

const REMEMBERED_ADDRESSES = 1000
const LONGEST_REMEMBERED = 64
/** More proxies than any request passes; what lies beyond them is not read. */
const MOST_HOPS = 64
const hostPattern = /^(?:[a-z0-9][a-z0-9._-]{0,252}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i

/**
 * Walks from the peer to the left of the header as long as who speaks is trusted. The answer is the first address that is
 * not, or the leftmost; where an entry is no valid address (also an empty one, `unknown` or `_hidden`), the last valid
 * one to its right. Nobody trusted: the peer. An unknown peer (a Unix socket, a closed connection) is trusted by no
 * list of addresses and gives null; a number of hops counts it, since there the place says it all. Throws `SETTINGS_INVALID`.
 */
export function createClientAddress(settings: ForwardedSettings): ClientAddress {
  const addresses = new BoundedMap<string, string | null>(REMEMBERED_ADDRESSES)
  const addressOf = (text: string | null | undefined): string | null => {
    if (text === null || text === undefined) return null
    const known = addresses.get(text)
    if (known !== undefined) return known
    const address = parseAddress(text)
    if (text.length <= LONGEST_REMEMBERED) addresses.set(text, address)
    return address
  }
  const trust = trustOf(settings)
  if (trust === undefined) return addressOf
  const isForwarded = settings.forwardedHeader?.toLowerCase() === 'forwarded'
  const walk = (peer: string | null, header: string): string | null => {
    let address = peer
    let hop = 0
    for (const element of elementsFromRight(header, isForwarded)) {
      const next = addressOf(isForwarded ? parameterOf(element, 'for') : element)
      if (next === null) return address
      address = next
      hop += 1
      if (hop === MOST_HOPS || !trust(address, hop)) return address
    }
    return address
  }
  return (peer, header) => {
    const address = addressOf(peer)
    return header === undefined || !trust(address, 0) ? address : walk(address, joined(header))
  }
}

/** Whether what the connection's peer forwards is believed. Throws `SETTINGS_INVALID`. */
export function createPeerTrust(settings: ForwardedSettings): (peer: string | null | undefined) => boolean {
  const trust = trustOf(settings)
  if (trust === undefined) return () => false
  const peers = new BoundedMap<string, boolean>(REMEMBERED_ADDRESSES)
  return (peer) => {
    const text = peer ?? ''
    const known = peers.get(text)
    if (known !== undefined) return known
    const isTrusted = trust(parseAddress(peer), 0)
    if (text.length <= LONGEST_REMEMBERED) peers.set(text, isTrusted)
    return isTrusted
  }
}

/**
 * The scheme and host that a trusted peer tells: from `Forwarded` where that is the configured header, else from
 * `X-Forwarded-Proto` and `X-Forwarded-Host`. Of several values the rightmost counts, the peer's own: what is left of it
 * may be the client's invention. Only `http` and `https` and a well-formed host are taken. Ask only for a trusted peer.
 */
export function forwardedOrigin(headers: Headers, forwardedHeader = 'x-forwarded-for'): ForwardedOrigin | undefined {
  let scheme: string | undefined
  let host: string | undefined
  if (forwardedHeader.toLowerCase() === 'forwarded') {
    const element = rightmost(headers.forwarded, true)
    if (element === undefined) return undefined
    scheme = parameterOf(element, 'proto')
    host = parameterOf(element, 'host')
  } else {
    scheme = rightmost(headers['x-forwarded-proto'], false)
    host = rightmost(headers['x-forwarded-host'], false)
  }
  const validScheme = schemeOf(scheme)
  const validHost = host !== undefined && hostPattern.test(host) ? host : undefined
  return validScheme === undefined && validHost === undefined ? undefined : { scheme: validScheme, host: validHost }
}

function schemeOf(text: string | undefined): 'http' | 'https' | undefined {
  const scheme = text?.toLowerCase()
  return scheme === 'http' || scheme === 'https' ? scheme : undefined
}

function rightmost(header: string | readonly string[] | undefined, isForwarded: boolean): string | undefined {
  if (header === undefined) return undefined
  for (const element of elementsFromRight(joined(header), isForwarded)) return element
  return undefined
}

/** Several lines of one header are one list (RFC 9110, 5.3). */
function joined(header: string | readonly string[]): string {
  return typeof header === 'string' ? header : header.join(',')
}

function trustOf({ trustedProxies }: ForwardedSettings): Trust | undefined {
  if (trustedProxies === undefined || trustedProxies === 0) return undefined
  const trust = compileTrust(trustedProxies)
  if (typeof trust !== 'function')
    throw new AuditError('SETTINGS_INVALID', { faults: trust.faults.map((fault) => `trustedProxies ${fault}`) })
  return typeof trustedProxies !== 'number' && trustedProxies.length === 0 ? undefined : trust
}
