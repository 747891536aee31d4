import ipaddr from 'ipaddr.js'
import { BoundedMap } from './bounded-map.ts'

/** Whether the party at this address is a proxy to believe; `hop` counts from the right: 0 is the connection's peer. */
export type Trust = (address: string | null, hop: number) => boolean

type Address = ipaddr.IPv4 | ipaddr.IPv6
type Range = readonly [network: Address, prefix: number]

const LONGEST_TEXT = 100
const REMEMBERED_DECISIONS = 1000

/** The names that proxy-addr, and with it Express, has for ranges. */
const namedRanges: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['loopback', ['127.0.0.0/8', '::1/128']],
  ['linklocal', ['169.254.0.0/16', 'fe80::/10']],
  ['uniquelocal', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']],
])

/** A node of RFC 7239, 6: an address, IPv6 in brackets where a port follows; the port a number or obfuscated. */
const withPort = /^(?:(\d[\d.]*)|\[([\d.a-f]*:[\d.:a-f]*)(?:%[\w.-]+)?\])(?::(?:\d{1,5}|_[\w.-]+))?$/i
const bareIPv6 = /^([\d.:a-f]+)(?:%[\w.-]+)?$/i

/**
 * One valid address in its normal form, or null: IPv4 with four decimal parts, IPv6 compressed and in lower case (RFC 5952).
 * A port, brackets and a zone are taken off, an IPv4-mapped IPv6 address becomes IPv4. Never throws.
 */
export function parseAddress(text: unknown): string | null {
  if (typeof text !== 'string' || text.length > LONGEST_TEXT) return null
  const match = withPort.exec(text)
  const address = match?.[1] ?? match?.[2] ?? bareIPv6.exec(text)?.[1]
  return (address !== undefined && toAddress(address)?.toString()) || null
}

/**
 * Says of an address whether it is one of the trusted ones: a list of CIDRs, single addresses and the names `loopback`,
 * `linklocal`, `uniquelocal`; or a number of hops from the right, whatever their address. Every fault is named.
 */
export function compileTrust(trusted: readonly string[] | number): Trust | { readonly faults: readonly string[] } {
  if (typeof trusted === 'number') return trustHops(trusted)
  if (!Array.isArray(trusted)) return { faults: ['is neither a list of addresses nor a number of hops'] }
  const read = trusted.flatMap((entry: unknown, index) =>
    (namedRanges.get(entry) ?? [entry]).map((notation) => {
      const range = parseRange(notation)
      return typeof range === 'string' ? `[${index}] ${range}` : range
    }),
  )
  const faults = read.filter((range) => typeof range === 'string')
  return faults.length > 0 ? { faults } : trustRanges(read.filter((range) => typeof range !== 'string'))
}

function trustHops(hops: number): Trust | { readonly faults: readonly string[] } {
  if (!Number.isInteger(hops) || hops < 0) return { faults: [`${hops} is not a number of hops`] }
  return (_address, hop) => hop < hops
}

function trustRanges(ranges: readonly Range[]): Trust {
  const decisions = new BoundedMap<string, boolean>(REMEMBERED_DECISIONS)
  return (text) => {
    if (text === null || ranges.length === 0) return false
    const known = decisions.get(text)
    if (known !== undefined) return known
    const address = toAddress(text)
    const decision = address !== null && ranges.some((range) => isWithin(address, range))
    if (text.length <= LONGEST_TEXT) decisions.set(text, decision)
    return decision
  }
}

function isWithin(address: Address, [network, prefix]: Range): boolean {
  return address.kind() === network.kind() && address.match(network, prefix)
}

/** The range, or what is wrong with it. */
function parseRange(notation: unknown): Range | string {
  if (typeof notation !== 'string') return 'is not text'
  const [text = '', ...lengths] = notation.split('/')
  const network = toAddress(text)
  if (network === null || lengths.length > 1)
    return `${JSON.stringify(notation)} is not an address, a CIDR or a known name`
  const longest = network.kind() === 'ipv4' ? 32 : 128
  const [digits] = lengths
  if (digits === undefined) return [network, longest]
  return withPrefix(network, /^\d{1,3}$/.test(digits) ? Number(digits) : 0, text.includes(':') ? 128 : longest)
}

/** A length of 0 is refused, as proxy-addr does: who trusts everybody believes anything. `written` is the longest in the notation used. */
function withPrefix(network: Address, length: number, written: 32 | 128): Range | string {
  const longest = network.kind() === 'ipv4' ? 32 : 128
  const marker = written - longest
  if (length <= marker || length > written)
    return `has a prefix length that is not between ${marker + 1} and ${written}`
  return [network, length - marker]
}

function toAddress(text: string): Address | null {
  if (!text.includes(':')) return ipaddr.IPv4.isValidFourPartDecimal(text) ? ipaddr.IPv4.parse(text) : null
  const groups = withoutDottedTail(text)
  return groups !== null && ipaddr.IPv6.isValid(groups) ? ipaddr.process(groups) : null
}

/** IPv6 text with a dotted IPv4 tail as hexadecimal groups: the library takes `::10.0.0.5` for mapped, and octal parts for decimal. */
function withoutDottedTail(text: string): string | null {
  if (!text.includes('.')) return text
  const start = text.lastIndexOf(':') + 1
  const tail = text.slice(start)
  if (!ipaddr.IPv4.isValidFourPartDecimal(tail)) return null
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(tail).octets
  return `${text.slice(0, start)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
}
