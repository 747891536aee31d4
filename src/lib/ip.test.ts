import { BlockList, isIP, isIPv6 } from 'node:net'
import fc from 'fast-check'
import proxyAddress from 'proxy-addr'
import { describe, expect, test } from 'vitest'
import { compileTrust, parseAddress, type Trust } from './ip.ts'

function trust(trusted: readonly string[] | number): Trust {
  const compiled = compileTrust(trusted)
  if (typeof compiled !== 'function') throw new Error(compiled.faults.join())
  return compiled
}

function faults(trusted: unknown): readonly string[] {
  const compiled = compileTrust(trusted as readonly string[])
  return typeof compiled === 'function' ? [] : compiled.faults
}

const ipv4 = fc.ipV4()
const ipv6 = fc.ipV6()
const address = fc.oneof(
  ipv4,
  ipv6,
  ipv4.map((text) => `::ffff:${text}`),
)
/** Text made of what addresses are made of, so that near misses are common. */
const almost = fc
  .array(fc.constantFrom(':', '::', '.', '0', '1', '01', 'f', 'ffff', '255', '256', '12345', 'g', '%', '[', ']', ' '), {
    maxLength: 16,
  })
  .map((parts) => parts.join(''))

describe('parseAddress', () => {
  test.each([
    ['198.51.100.7', '198.51.100.7'],
    ['198.51.100.7:52383', '198.51.100.7'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:_hidden', '2001:db8::1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::ffff:10.0.0.5', '10.0.0.5'],
    ['::FFFF:a00:5', '10.0.0.5'],
    ['[::ffff:10.0.0.5]:80', '10.0.0.5'],
    ['::10.0.0.5', '::a00:5'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%eth0]:80', 'fe80::1'],
    ['::', '::'],
  ])('%s is %s', (text, expected) => {
    expect(parseAddress(text)).toBe(expected)
  })

  test.each([
    '',
    ' ',
    'unknown',
    '_hidden',
    '999.1.1.1',
    '127.0.0.1.evil',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '127.0.0.01',
    '1.2.3.4:',
    '1.2.3.4:port',
    '1.2.3.4:123456',
    '[1.2.3.4]',
    '[2001:db8::1',
    '2001:db8::1]:443',
    '1::2::3',
    '::ffff:010.0.0.5',
    '::ffff:1.2.3',
    '1.2.3.4::',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    '1.2.3.4\n',
  ])('%j is no address', (text) => {
    expect(parseAddress(text)).toBeNull()
  })

  test('text that is too long for an address is none', () => {
    for (const text of ['a'.repeat(60_000), ':'.repeat(60_000), `::1%${'a'.repeat(200)}`])
      expect(parseAddress(text)).toBeNull()
  })

  test.each([[undefined], [null], [127], [{}], [['127.0.0.1']]])('%j is no address', (value) => {
    expect(parseAddress(value)).toBeNull()
  })

  test('accepts exactly what Node takes for an address, when there is no port', () => {
    const texts = fc.oneof(address, almost, fc.string())
    fc.assert(
      fc.property(texts, (text) => {
        fc.pre(!text.includes('%') && !text.includes('[') && !/^\d[\d.]*:\d+$/.test(text))
        expect(parseAddress(text) !== null).toBe(isIP(text) !== 0)
      }),
      { numRuns: 5000 },
    )
  })

  test('its answer is a valid address that it answers with again, never mapped, and names the same host', () => {
    fc.assert(
      fc.property(address, (text) => {
        const parsed = parseAddress(text) as string
        expect(isIP(parsed)).not.toBe(0)
        expect(parseAddress(parsed)).toBe(parsed)
        expect(parsed).not.toMatch(/^::ffff:[\da-f]+:[\da-f]+$/)
        expect(parseAddress(isIPv6(text) ? `[${text}]:8080` : `${text}:8080`)).toBe(parsed)
        const same = new BlockList()
        same.addAddress(text, isIPv6(text) ? 'ipv6' : 'ipv4')
        expect(same.check(parsed, isIPv6(parsed) ? 'ipv6' : 'ipv4')).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('compileTrust', () => {
  test('a mapped address matches IPv4 rules, in the rule and in the question', () => {
    for (const rule of ['127.0.0.1', 'loopback', '127.0.0.0/8', '::ffff:127.0.0.0/104'])
      expect(trust([rule])(parseAddress('::ffff:127.0.0.1'), 0)).toBe(true)
    expect(trust(['::1/128'])('127.0.0.1', 0)).toBe(false)
    expect(trust(['::/1'])('10.0.0.1', 0)).toBe(false)
  })

  test('an absent address is trusted by no list', () => {
    expect(trust(['loopback', '0.0.0.0/1', '::/1'])(null, 0)).toBe(false)
  })

  test('a number trusts so many hops from the right, whatever their address', () => {
    expect([0, 1, 2, 3].map((hop) => trust(2)('203.0.113.7', hop))).toEqual([true, true, false, false])
    expect(trust(1)(null, 0)).toBe(true)
    expect(trust(0)('127.0.0.1', 0)).toBe(false)
  })

  test('every fault is named with its place', () => {
    const bad = [
      '10.0.0.0/8',
      '10.0.0.0/33',
      'lan',
      '0.0.0.0/0',
      '10.0.0.0/',
      7,
      '127.1',
      '::ffff:10.0.0.0/90',
      '[::1]',
    ]
    expect(faults(bad).map((fault) => fault.slice(0, 3))).toEqual([
      '[1]',
      '[2]',
      '[3]',
      '[4]',
      '[5]',
      '[6]',
      '[7]',
      '[8]',
    ])
    expect(faults(['10.0.0.0/33'])).toEqual(['[0] has a prefix length that is not between 1 and 32'])
    expect(faults('loopback')).toHaveLength(1)
    expect(faults(-1)).toHaveLength(1)
    expect(faults(1.5)).toHaveLength(1)
    expect(faults(Number.NaN)).toHaveLength(1)
  })

  const cidr = fc.oneof(
    fc.tuple(ipv4, fc.integer({ min: 1, max: 32 })).map(([text, bits]) => `${text}/${bits}`),
    fc.tuple(ipv6, fc.integer({ min: 1, max: 128 })).map(([text, bits]) => `${text}/${bits}`),
    fc.tuple(ipv4, fc.integer({ min: 97, max: 128 })).map(([text, bits]) => `::ffff:${text}/${bits}`),
    ipv4,
    ipv6,
    fc.constantFrom('loopback', 'linklocal', 'uniquelocal'),
  )
  /** Addresses near to what the rules name, else nearly none would be within. */
  const question = fc.oneof(
    address,
    fc
      .tuple(fc.constantFrom('10.0', '172.16', '192.168', '127.0', '169.254'), fc.nat(255))
      .map(([a, b]) => `${a}.0.${b}`),
    fc.constantFrom('::1', 'fe80::1', 'fc00::1', 'fd12::'),
  )

  /** proxy-addr reads `::1.2.3.4` as mapped or not at all; as hexadecimal groups there is no doubt. */
  const hexadecimal = (rule: string): string => {
    const [text = '', bits] = rule.split('/')
    if (!text.includes(':') || text.startsWith('::ffff:')) return rule
    return bits === undefined ? (parseAddress(text) as string) : `${parseAddress(text)}/${bits}`
  }

  test('decides as proxy-addr does', () => {
    fc.assert(
      fc.property(fc.array(cidr, { minLength: 1, maxLength: 4 }), question, (rules, text) => {
        const parsed = parseAddress(text) as string
        expect(trust(rules)(parsed, 0)).toBe(proxyAddress.compile(rules.map(hexadecimal))(parsed, 0))
      }),
      { numRuns: 3000 },
    )
  })

  test('an address is within its own network of any length, as a list of Node says', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), fc.integer({ min: 1, max: 32 }), question, (text, bits, other) => {
        const parsed = parseAddress(text) as string
        const range = trust([`${parsed}/${bits}`])
        expect(range(parsed, 0)).toBe(true)
        const otherParsed = parseAddress(other) as string
        fc.pre(isIP(parsed) === isIP(otherParsed))
        const list = new BlockList()
        const family = isIPv6(parsed) ? 'ipv6' : 'ipv4'
        list.addSubnet(parsed, bits, family)
        expect(range(otherParsed, 0)).toBe(list.check(otherParsed, family))
      }),
      { numRuns: 2000 },
    )
  })
})
