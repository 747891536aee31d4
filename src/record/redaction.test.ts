import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { AuditError } from '../lib/errors.ts'
import { createRedactor, type RedactionSettings } from './redaction.ts'

const quiet = (): void => {}
const redactor = createRedactor({}, quiet)
const withSettings = (redact: RedactionSettings) => createRedactor({ redact }, quiet)

describe('a header', () => {
  test.each([
    'authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'x-api-key',
    'www-authenticate',
    'dpop',
    'x-forwarded-client-cert',
    'x-my-token',
    'my-session-id',
    'x-client-secret',
    'x-credentials',
  ])('%s is masked', (name) => {
    expect(redactor.header(name, 'hunter22')).toBe('REDACTED')
  })

  test('that names no secret stays as it was sent', () => {
    for (const [name, value] of [
      ['content-type', 'text/html; charset=utf-8'],
      ['cache-control', 'max-age=0, private'],
      ['etag', 'W/"a?b"'],
      ['x-author', 'jane'],
    ] as const)
      expect(redactor.header(name, value)).toBe(value)
  })

  test('that is a URL loses its secrets and its fragment', () => {
    for (const name of ['location', 'content-location', 'referer']) {
      expect(redactor.header(name, 'https://app.example.com/verify?token=abc&a=1#access_token=def')).toBe(
        'https://app.example.com/verify?token=REDACTED&a=1',
      )
      expect(redactor.header(name, '//u:p@h/')).toBe('//REDACTED@h/')
    }
  })

  test('that holds URLs loses the secrets of each', () => {
    expect(redactor.header('link', '<https://u:p@h/?token=abc&page=2>; rel="next", </b?code=abc>; rel=prev')).toBe(
      '<https://REDACTED@h/?token=REDACTED&page=2>; rel="next", </b?code=REDACTED>; rel=prev',
    )
    expect(redactor.header('refresh', '5; url=/a?token=abc')).toBe('5; url=/a?token=REDACTED')
    expect(redactor.header('hx-redirect', '/a?token=abc')).toBe('/a?token=REDACTED')
  })
})

describe('a URL', () => {
  test.each([
    ['https://app.example.org/bicycles?q=red&state=x', 'https://app.example.org/bicycles?q=red&state=x'],
    ['/?token=abc&TOKEN=abc&Access_Token=abc', '/?token=REDACTED&TOKEN=REDACTED&Access_Token=REDACTED'],
    ['/?a=1;code=abc;b=2', '/?a=1;code=REDACTED;b=2'],
    ['/?%74oken=abc&%2574oken=abc&to%6ben=abc', '/?%74oken=REDACTED&%2574oken=REDACTED&to%6ben=REDACTED'],
    ['/?q=%zz&%zz=1&%zz%74oken=abc', '/?q=%zz&%zz=1&%zz%74oken=REDACTED'],
    ['/?q=a&q=b&&=&q', '/?q=a&q=b&&=&q'],
    ['/?token', '/?token'],
    ['/?token=a=b=c', '/?token=REDACTED'],
    ['/?x_api-key=abc&user_token=abc', '/?x_api-key=REDACTED&user_token=REDACTED'],
    ['/?user[password]=abc&filter.pin=1&pinned=1', '/?user[password]=REDACTED&filter.pin=REDACTED&pinned=1'],
    ['/a;jsessionid=ABC/b;v=1?x=1', '/a;jsessionid=REDACTED/b;v=1?x=1'],
    ['https://user:pass@h:8443/a@b?c=d@e', 'https://REDACTED@h:8443/a@b?c=d@e'],
    ['https://token@h/', 'https://REDACTED@h/'],
    ['https://u:p@ss@h/', 'https://REDACTED@h/'],
    ['//u:p@h/x', '//REDACTED@h/x'],
    ['u:p@h:443', 'REDACTED@h:443'],
    ['/proxy/https://u:p@h/', '/proxy/https://REDACTED@h/'],
    ['mailto:jane@example.org', 'mailto:jane@example.org'],
    ['/?next=https://u:p@h/&user=jane@x.org', '/?next=https://REDACTED@h/&user=jane@x.org'],
    ['/?next=/a?token=abc', '/?next=/a?token=REDACTED'],
    [
      '/?next=https%3A%2F%2Fu%3Ap%40h%2F%3Ftoken%3Dabc%26a%3D1&b=2',
      '/?next=https%3A%2F%2FREDACTED%40h%2F%3Ftoken%3DREDACTED%26a%3D1&b=2',
    ],
    ['/#access_token=abc&a=1', '/#access_token=REDACTED&a=1'],
    ['/#/route?token=abc', '/#/route?token=REDACTED'],
    ['*', '*'],
    ['', ''],
  ])('%s', (url, expected) => {
    expect(redactor.url(url)).toBe(expected)
  })

  const secretName = fc.constantFrom(
    'token',
    'Password',
    'code',
    'id_token',
    'my_secret',
    '%74oken',
    'x-amz-signature',
    'sid',
  )
  const plainName = fc.constantFrom('q', 'page', 'state', '', '%zz', 'a%20b', 'é', 'author', 'q[]')
  const value = fc.string({ unit: fc.constantFrom(...'abcXYZ019-._~%+!*()=@/:,😀'), maxLength: 12 })
  const secret = fc.string({ unit: fc.constantFrom(...'ghjkGHJK23=%+/?.,:@'), minLength: 6, maxLength: 30 })
  const part = fc.oneof(
    fc.record({ name: secretName, value: secret, masked: fc.constant(true) }),
    fc.record({ name: plainName, value, masked: fc.constant(false) }),
  )

  test('keeps everything but the named values, byte for byte', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(part, fc.constantFrom('&', ';')), { minLength: 1 }),
        fc.constantFrom('/a', 'https://h.example/a%2fb', '', 'http://[::1]:80/é'),
        fc.boolean(),
        (parts, head, inFragment) => {
          const write = (mask: boolean) =>
            head +
            (inFragment ? '#' : '?') +
            parts.map(([p, mark]) => `${p.name}=${mask && p.masked ? 'REDACTED' : p.value}${mark}`).join('')
          fc.pre(!parts.some(([p]) => !p.masked && p.value.includes('//')))
          expect(redactor.url(write(false))).toBe(write(true))
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('lets no piece of a planted secret through', () => {
    const planted = fc.string({
      unit: fc.constantFrom(...'abcdefghABCDEFGH0123456789+/=&?._~-'),
      minLength: 6,
      maxLength: 40,
    })
    const places: ((secret: string) => string)[] = [
      (s) => `/a?token=${s.replaceAll('&', '')}&b=1`,
      (s) => `/a?b=1&password=${encodeURIComponent(s)}`,
      (s) => `https://user:${encodeURIComponent(s)}@h/`,
      (s) => `/cb#id_token=${s.replaceAll('&', '')}`,
      (s) => `/a?next=${encodeURIComponent(`/b?token=${encodeURIComponent(s)}`)}`,
      (s) => `/a?next=${encodeURIComponent(`https://u:${encodeURIComponent(s)}@h/`)}`,
      (s) => `/a;jsessionid=${s.replace(/[/?&]/g, '')}`,
    ]
    fc.assert(
      fc.property(planted, fc.constantFrom(...places), (secret, place) => {
        const url = place(secret)
        const results = [
          redactor.url(url),
          redactor.header('referer', url),
          redactor.header('link', `<${url}>`),
          redactor.text(`at ${url} x`),
        ]
        for (const result of results)
          for (let i = 0; i + 6 <= secret.length; i++) expect(result).not.toContain(secret.slice(i, i + 6))
      }),
      { numRuns: 300 },
    )
  })
})

describe('a message', () => {
  test.each([
    ['Searched bicycles: 12 found', 'Searched bicycles: 12 found'],
    ['login failed for token=abc123', 'login failed for token=REDACTED'],
    [
      'token=abc123, then (password=abc) and secret=x.',
      'token=REDACTED, then (password=REDACTED) and secret=REDACTED.',
    ],
    ["where password = 'a b' and id = 3", "where password = 'REDACTED' and id = 3"],
    ['got {"token":"a\\"b","pin":1234,"id":7}', 'got {"token":"REDACTED","pin":REDACTED,"id":7}'],
    ['got {\\"token\\":\\"abc\\",\\"id\\":7}', 'got {\\"token\\":\\"REDACTED\\",\\"id\\":7}'],
    ['got {"session":{"a":[1,2]},"id":7}', 'got {"session":REDACTED,"id":7}'],
    ["options { password: 'abc', port: 1 }", "options { password: 'REDACTED', port: 1 }"],
    ['sent Authorization: Bearer abc.def-ghi', 'sent Authorization: Bearer REDACTED'],
    ['sent basic dXNlcjpwYXNz=', 'sent basic REDACTED'],
    ['see https://u:p@h/cb?code=abc&state=1.', 'see https://REDACTED@h/cb?code=REDACTED&state=1.'],
    ['at /cb?code=abc but code=404 key=a email=j@x.org', 'at /cb?code=REDACTED but code=404 key=a email=j@x.org'],
    ['unexpected token: }', 'unexpected token: }'],
  ])('%s', (text, expected) => {
    expect(redactor.text(text)).toBe(expected)
  })

  test('redacted twice is as redacted once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('token', '=', ':', '"', "'", ' ', '?', '&', '//', '@', 'a', '%3D', '[', 'Bearer ')),
        (parts) => {
          const once = redactor.text(parts.join(''))
          expect(redactor.text(once)).toBe(once)
        },
      ),
    )
  })
})

describe('the names', () => {
  test('of keys are compared without regard to case, - and _, and less the common words', () => {
    for (const key of [
      'password',
      'Password',
      'pass-word',
      'user_password',
      'setCookie',
      'x-api-key',
      'sessionId',
      'credentials',
      'BSN',
    ])
      expect(redactor.isSecretKey(key), key).toBe(true)
    for (const key of ['code', 'key', 'email', 'state', 'author', 'pinned', 'id'])
      expect(redactor.isSecretKey(key), key).toBe(false)
  })

  test('can be extended, in any case, and apply to keys too', () => {
    const own = withSettings({ headers: ['X-Own'], query: ['Ticket'], keys: ['Colour', 'code'] })
    expect(own.header('x-own', 'a')).toBe('REDACTED')
    expect(own.header('cookie', 'a')).toBe('REDACTED')
    expect(own.url('/?TICKET=a&token=b&colour=c')).toBe('/?TICKET=REDACTED&token=REDACTED&colour=c')
    expect(['ticket', 'colour', 'code', 'x_own', 'token'].filter(own.isSecretKey)).toHaveLength(5)
  })

  test('can be replaced, list by list', () => {
    const own = withSettings({ query: ['ticket'], mode: 'replace' })
    expect(own.url('/?ticket=a&token=b')).toBe('/?ticket=REDACTED&token=b')
    expect(own.header('cookie', 'a')).toBe('REDACTED')
    const none = withSettings({ headers: [], query: [], keys: [], mode: 'replace' })
    expect([none.header('cookie', 'a'), none.url('/?token=b'), none.isSecretKey('password')]).toEqual([
      'a',
      '/?token=b',
      false,
    ])
  })
})

describe('the censor', () => {
  test('can be a text; in a URL it is encoded', () => {
    const own = withSettings({ censor: '[x y]' })
    expect(own.header('cookie', 'a')).toBe('[x y]')
    expect(own.url('/?token=a')).toBe('/?token=%5Bx%20y%5D')
  })

  test('can be a function of the value and its name', () => {
    const own = withSettings({ censor: (value, name) => `${name}:${String(value).length}` })
    expect(own.header('cookie', 'abc')).toBe('cookie:3')
    expect(own.url('/?%74oken=abcd')).toBe('/?%74oken=token%3A4')
  })

  test.each<[string, RedactionSettings['censor']]>([
    [
      'throws',
      (value) => {
        throw new Error(`no ${String(value)}`)
      },
    ],
    ['gives no text', (() => 7) as unknown as () => string],
  ])('that %s gives REDACTED and is reported without the value', (_, censor) => {
    const report = vi.fn<(error: AuditError) => void>()
    const own = createRedactor({ redact: censor === undefined ? {} : { censor } }, report)
    expect(own.header('cookie', 'hunter22')).toBe('REDACTED')
    expect(report).toHaveBeenCalledTimes(1)
    const [error] = report.mock.calls[0] as [AuditError]
    expect(error).toBeInstanceOf(AuditError)
    expect(error.code).toBe('CENSOR_FAILED')
    expect(`${error.stack}${String(error.cause)}`).not.toContain('hunter22')
  })
})

describe('with privacy: strict', () => {
  const strict = createRedactor(
    { privacy: 'strict', redact: { headers: ['X-Kept', 'cookie'], query: ['page', 'token'], keys: ['id'] } },
    quiet,
  )

  test('only harmless and named headers stay, never secret ones', () => {
    expect(['content-type', 'etag', 'retry-after', 'x-kept'].map((name) => strict.header(name, 'v'))).toEqual([
      'v',
      'v',
      'v',
      'v',
    ])
    expect(['x-other', 'cookie', 'set-cookie', 'referer'].map((name) => strict.header(name, 'v'))).toEqual(
      Array(4).fill('REDACTED'),
    )
    expect(strict.header('location', '/a?q=1&page=2#x')).toBe('/a?q=REDACTED&page=2')
  })

  test('only named parameters keep their value, never secret ones; names and order stay', () => {
    expect(strict.url('https://u:p@h/a?q=1&page=2&token=3&x#y=1')).toBe(
      'https://REDACTED@h/a?q=REDACTED&page=2&token=REDACTED&x#y=REDACTED',
    )
  })

  test('every name=value of a message is masked unless it is named', () => {
    expect(strict.text('found id=1 name=jane at /a?page=2&q=3')).toBe(
      'found id=1 name=REDACTED at /a?page=2&q=REDACTED',
    )
  })

  test('what is kept can be replaced', () => {
    const own = createRedactor({ privacy: 'strict', redact: { headers: ['etag'], mode: 'replace' } }, quiet)
    expect([own.header('etag', 'v'), own.header('content-type', 'v')]).toEqual(['v', 'REDACTED'])
  })
})

describe('long input', () => {
  const units = [
    'a.',
    '_',
    '=',
    'a=',
    '?=',
    '&',
    '%3D',
    '%25',
    '//@',
    '%2F%2F@',
    '";:',
    '"password":"',
    ':"',
    ' =',
    "'a",
    'token=',
    'Bearer ',
    'bearer',
    '[',
    '\\',
    'a;',
    '<?',
    '?token=',
    '%3Ftoken%3D',
    '"token":[',
  ]
  const strict = createRedactor({ privacy: 'strict' }, quiet)
  const readers: [string, (text: string) => unknown][] = [
    ['a URL', redactor.url],
    ['a query', (text) => redactor.url(`/?${text}`)],
    ['a message', redactor.text],
    ['a link', (text) => redactor.header('link', text)],
    ['a name', (text) => redactor.header(text, 'x')],
    ['a strict message', strict.text],
    ['a strict URL', strict.url],
  ]

  // Sixteen times the input may not take a hundred times as long: a square would take 256 times. The least of several
  // runs counts, and what takes no time at all is not compared.
  test.each(readers)('takes linear time as %s', (_, read) => {
    const time = (text: string): number => {
      let least = Number.POSITIVE_INFINITY
      for (let run = 0; run < 3; run++) {
        const start = performance.now()
        read(text)
        least = Math.min(least, performance.now() - start)
      }
      return least
    }
    for (const unit of units) {
      const small = time(unit.repeat(4096 / unit.length))
      const large = time(unit.repeat(65_536 / unit.length))
      expect(large, unit).toBeLessThan(100 * Math.max(small, 0.5))
    }
  })
})
