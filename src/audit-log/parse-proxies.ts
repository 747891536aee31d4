import ipaddr from 'ipaddr.js'
import { wholeNumber } from './parse-values.ts'
import { harmless, list, type Parser, wrong } from './parser.ts'

const expected = 'a list of addresses and CIDR ranges such as 10.0.0.0/8, or a number of hops'

/** A hop costs a proxy; a number this large is a port or a year that strayed here. */
const hops = wholeNumber(0, 100, 'hops')

const range: Parser<string> = (given, at) => {
  if (typeof given !== 'string') return wrong(given, at, 'an address or a CIDR range')
  if (isRange(given)) return { value: given }
  return { faults: [`${at}: got ${harmless(given)}, expected an address or a CIDR range such as 10.0.0.0/8`] }
}

const ranges = list(range, expected)

/** Which proxies are trusted: addresses and CIDR ranges, or a number of hops. */
export const proxies: Parser<readonly string[] | number> = (given, at) =>
  typeof given === 'number' ? hops(given, at) : ranges(given, at)

/** IPv4 only with four decimal parts: short and octal forms mean different networks to different readers. */
function isRange(value: string): boolean {
  if (value.includes(':')) return ipaddr.IPv6.isValid(value) || ipaddr.IPv6.isValidCIDR(value)
  return ipaddr.IPv4.isValidFourPartDecimal(value) || ipaddr.IPv4.isValidCIDRFourPartDecimal(value)
}
