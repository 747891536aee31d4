import { compileTrust } from '../lib/ip.ts'
import { text, wholeNumber } from './parse-values.ts'
import { list, type Parser, placed } from './parser.ts'

/** More proxies than any request passes; a larger number is a port or a year that strayed here. */
const hops = wholeNumber(0, 100, 'hops')

const ranges = list(
  text(/^[\w.:/]{1,60}$/, 'an address, a CIDR range such as 10.0.0.0/8, or loopback, linklocal or uniquelocal'),
  'a list of addresses and CIDR ranges such as 10.0.0.0/8, or a number of hops',
)

/** Which proxies are trusted: addresses, CIDR ranges and their names, or a number of hops. */
export const proxies: Parser<readonly string[] | number> = (given, at) => {
  if (typeof given === 'number') return hops(given, at)
  const parsed = ranges(given, at)
  if ('faults' in parsed) return parsed
  const trust = compileTrust(parsed.value)
  return 'faults' in trust
    ? { faults: placed(trust.faults, at, 'an address or a CIDR range such as 10.0.0.0/8') }
    : parsed
}
