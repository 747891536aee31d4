import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createClientAddress, createPeerTrust, type ForwardedSettings, forwardedOrigin } from './client-address.ts'

const PROXY = '10.0.0.5'
const behindProxy = { trustedProxies: ['10.0.0.0/8'] }
const fromXff = createClientAddress(behindProxy)
const fromForwarded = createClientAddress({ ...behindProxy, forwardedHeader: 'Forwarded' })

describe('without a trusted proxy the address is the peer', () => {
  test.each([{}, { trustedProxies: [] }, { trustedProxies: 0 }, { trustedProxies: undefined }])('%j', (settings) => {
    const address = createClientAddress(settings)
    expect(address('::ffff:127.0.0.1', '203.0.113.66')).toBe('127.0.0.1')
    expect(address('::1', undefined)).toBe('::1')
    expect(address(undefined, '203.0.113.66')).toBeNull()
    expect(address(null, '203.0.113.66')).toBeNull()
    expect(address('', '203.0.113.66')).toBeNull()
  })
})

describe('behind a trusted proxy', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.66, 203.0.113.7', '203.0.113.7'],
    ['203.0.113.66, 203.0.113.7, 10.1.1.1', '203.0.113.7'],
    ['10.2.2.2, 10.1.1.1', '10.2.2.2'],
    ['198.51.100.7:52383', '198.51.100.7'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    [' \t203.0.113.7 ', '203.0.113.7'],
    ['unknown', PROXY],
    ['_hidden', PROXY],
    ['', PROXY],
    ['999.1.1.1', PROXY],
    ['127.0.0.1.evil', PROXY],
    ['203.0.113.66, unknown, 10.1.1.1', '10.1.1.1'],
    ['203.0.113.66,,10.1.1.1', '10.1.1.1'],
    ['203.0.113.66,', PROXY],
    ["'; drop table", PROXY],
  ])('the header %j gives %s', (header, expected) => {
    expect(fromXff(PROXY, header)).toBe(expected)
    expect(fromXff(`::ffff:${PROXY}`, header)).toBe(expected)
  })

  test('several lines of the header are one list', () => {
    expect(fromXff(PROXY, ['203.0.113.66', '203.0.113.7, 10.1.1.1'])).toBe('203.0.113.7')
    expect(fromXff(PROXY, [])).toBe(PROXY)
  })

  test('the header of another peer is not believed', () => {
    expect(fromXff('192.0.2.1', '203.0.113.7')).toBe('192.0.2.1')
    expect(fromXff(undefined, '203.0.113.7')).toBeNull()
    expect(fromXff('/run/app.sock', '203.0.113.7')).toBeNull()
  })

  test('a header with a single value goes the same way', () => {
    const address = createClientAddress({ ...behindProxy, forwardedHeader: 'cf-connecting-ip' })
    expect(address(PROXY, '2001:DB8::7')).toBe('2001:db8::7')
    expect(address(PROXY, 'rubbish')).toBe(PROXY)
    expect(address('192.0.2.1', '203.0.113.7')).toBe('192.0.2.1')
  })

  test.each([
    ['loopback', '127.0.0.1'],
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.0/8', '::ffff:127.0.0.1'],
    ['::1/128', '::1'],
  ])('the rule %s trusts the peer %s', (rule, peer) => {
    expect(createClientAddress({ trustedProxies: [rule] })(peer, '203.0.113.7')).toBe('203.0.113.7')
  })

  test('rules that cannot be read are refused at start', () => {
    expect(() => createClientAddress({ trustedProxies: ['lan'] })).toThrow(/trustedProxies \[0\]/)
    expect(() => createPeerTrust({ trustedProxies: -1 })).toThrow(expect.objectContaining({ code: 'SETTINGS_INVALID' }))
  })
})

describe('with a number of hops', () => {
  test('so many entries from the right are proxies, the peer being the first', () => {
    const header = '203.0.113.66, 203.0.113.7, 198.51.100.9'
    const at = (hops: number): string | null => createClientAddress({ trustedProxies: hops })('192.0.2.1', header)
    expect([0, 1, 2, 3, 9].map(at)).toEqual([
      '192.0.2.1',
      '198.51.100.9',
      '203.0.113.7',
      '203.0.113.66',
      '203.0.113.66',
    ])
  })

  test('a proxy that comes over a Unix socket counts as one', () => {
    const address = createClientAddress({ trustedProxies: 1 })
    expect(address(undefined, '203.0.113.66, 203.0.113.7')).toBe('203.0.113.7')
    expect(address(undefined, 'unknown')).toBeNull()
    expect(address(undefined, undefined)).toBeNull()
  })
})

describe('Forwarded', () => {
  test.each([
    ['for=203.0.113.7', '203.0.113.7'],
    ['For="[2001:db8::1]:4711";proto=https, for=10.0.0.6', '2001:db8::1'],
    ['for=203.0.113.66, for="203.0.113.7:80";by=10.0.0.5;host="a,b;for=1.1.1.1"', '203.0.113.7'],
    ['proto=https;FOR=203.0.113.7;by=_x', '203.0.113.7'],
    ['for="203.0.113\\.7"', '203.0.113.7'],
    ['for=[2001:db8::1]', '2001:db8::1'],
    ['for="_gazonk"', PROXY],
    ['for=unknown', PROXY],
    ['for=203.0.113.7;for=203.0.113.66', PROXY],
    ['host="x;for=203.0.113.66"', PROXY],
    ['203.0.113.66', PROXY],
    ['for="203.0.113.66', PROXY],
    ['for=203.0.113.66, proto=https', PROXY],
    ['', PROXY],
  ])('%s gives %s', (header, expected) => {
    expect(fromForwarded(PROXY, header)).toBe(expected)
  })

  test('a quote that the client left open hides nothing of what its proxy says', () => {
    for (const opened of ['for="', 'for="1.1.1.1', '"', 'for="\\', ';;"a, b'])
      expect(fromForwarded(PROXY, [opened, 'for=203.0.113.7;host="a\\"b,c"'])).toBe('203.0.113.7')
  })
})

describe('what always holds', () => {
  const settings: fc.Arbitrary<ForwardedSettings> = fc.record({
    trustedProxies: fc.oneof(
      fc.nat(4),
      fc.constantFrom<readonly string[]>([], ['loopback'], ['10.0.0.0/8', '::1'], ['0.0.0.0/1', '128.0.0.0/1']),
    ),
    forwardedHeader: fc.constantFrom('x-forwarded-for', 'forwarded', 'x-real-ip'),
  })
  const node = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.constantFrom(
      PROXY,
      '10.1.1.1',
      '::1',
      '127.0.0.1',
      'unknown',
      '_x',
      '',
      '"',
      '\\"',
      ';',
      'for=',
      'for="10.1.1.1"',
      'for=10.2.2.2',
    ),
    fc.string(),
  )
  const header = fc.oneof(
    fc.array(node, { maxLength: 6 }).map((nodes) => nodes.join(', ')),
    fc.array(node, { maxLength: 6 }).map((nodes) => nodes.map((text) => `for="${text}"`).join(',')),
    fc.array(node, { maxLength: 4 }),
    fc.constant(undefined),
  )

  test('the answer is a valid address in its normal form, or null', () => {
    fc.assert(
      fc.property(settings, fc.option(node, { nil: undefined }), header, (some, peer, value) => {
        const address = createClientAddress(some)(peer, value)
        if (address === null) return
        expect(isIP(address)).not.toBe(0)
        expect(address).not.toMatch(/^::ffff:[\d.]+$|[A-Z%]/)
      }),
      { numRuns: 3000 },
    )
  })

  test('what a peer that is not trusted sends changes nothing', () => {
    fc.assert(
      fc.property(fc.constantFrom('192.0.2.1', '2001:db8::1', undefined), header, (peer, value) => {
        expect(fromXff(peer, value)).toBe(peer ?? null)
        expect(fromForwarded(peer, value)).toBe(peer ?? null)
      }),
      { numRuns: 2000 },
    )
  })

  test('what is put to the left of an address that is not trusted changes nothing', () => {
    fc.assert(
      fc.property(header, (value) => {
        const left = [value ?? ''].flat()
        expect(fromXff(PROXY, [...left, '203.0.113.7, 10.1.1.1'])).toBe('203.0.113.7')
        expect(fromForwarded(PROXY, [...left, 'for="203.0.113.7:80";proto=https, for=10.1.1.1'])).toBe('203.0.113.7')
      }),
      { numRuns: 3000 },
    )
  })

  test('hostile headers of 60 KB are read in a bound of hops and characters', () => {
    for (const part of [',', ' ,', '"', '\\"', 'A', '_', 'a.', ':', '10.1.1.1,', 'for=10.1.1.1,', 'for="', 'a=b;']) {
      const value = part.repeat(60_000 / part.length)
      const started = process.cpuUsage()
      for (const address of [fromXff, fromForwarded, createClientAddress({ trustedProxies: 9 })]) {
        const answer = address(PROXY, value)
        expect(answer === null || isIP(answer) !== 0).toBe(true)
      }
      // Quadratic work on such a header takes seconds.
      expect(process.cpuUsage(started).user).toBeLessThan(500_000)
    }
  })
})

describe('the origin that a trusted peer tells', () => {
  test.each([
    [
      { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'www.example.org' },
      { scheme: 'https', host: 'www.example.org' },
    ],
    [{ 'x-forwarded-proto': 'HTTPS' }, { scheme: 'https', host: undefined }],
    [{ 'x-forwarded-host': '[2001:db8::1]:8443' }, { scheme: undefined, host: '[2001:db8::1]:8443' }],
    [{ 'x-forwarded-host': 'evil.example, www.example.org:8443' }, { scheme: undefined, host: 'www.example.org:8443' }],
    [{ 'x-forwarded-proto': ['http', 'https'] }, { scheme: 'https', host: undefined }],
    [{ 'x-forwarded-proto': 'javascript', 'x-forwarded-host': 'a/b' }, undefined],
    [{ 'x-forwarded-host': 'user@host' }, undefined],
    [{ 'x-forwarded-host': 'a b' }, undefined],
    [{ 'x-forwarded-host': '' }, undefined],
    [{ 'x-forwarded-host': `${'a'.repeat(300)}` }, undefined],
    [{ forwarded: 'proto=https;host=www.example.org' }, undefined],
    [{}, undefined],
  ])('from %j', (headers, expected) => {
    expect(forwardedOrigin(headers)).toEqual(expected)
  })

  test('comes from Forwarded alone where that is the configured header', () => {
    const headers = {
      forwarded: 'for=1.1.1.1;proto=http;host=evil, for=2.2.2.2;Proto=https;host="www.example.org:8443"',
      'x-forwarded-proto': 'http',
    }
    expect(forwardedOrigin(headers, 'forwarded')).toEqual({ scheme: 'https', host: 'www.example.org:8443' })
    expect(forwardedOrigin({ 'x-forwarded-proto': 'https' }, 'forwarded')).toBeUndefined()
  })

  test('only some peers are trusted', () => {
    const trusts = createPeerTrust(behindProxy)
    expect([PROXY, `::ffff:${PROXY}`, '192.0.2.1', undefined, null, ''].map(trusts)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ])
    expect(createPeerTrust({})(PROXY)).toBe(false)
    expect(createPeerTrust({ trustedProxies: 1 })(undefined)).toBe(true)
  })
})
