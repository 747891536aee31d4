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
      expect(redactor.key(key).isSecret, key).toBe(true)
    for (const key of ['code', 'key', 'email', 'state', 'author', 'pinned', 'id'])
      expect(redactor.key(key).isSecret, key).toBe(false)
  })

  test('can be extended, in any case, and apply to keys too', () => {
    const own = withSettings({ headers: ['X-Own'], query: ['Ticket'], keys: ['Colour', 'code'] })
    expect(own.header('x-own', 'a')).toBe('REDACTED')
    expect(own.header('cookie', 'a')).toBe('REDACTED')
    expect(own.url('/?TICKET=a&token=b&colour=c')).toBe('/?TICKET=REDACTED&token=REDACTED&colour=c')
    expect(['ticket', 'colour', 'code', 'x_own', 'token'].filter((name) => own.key(name).isSecret)).toHaveLength(5)
  })

  test('can be replaced, list by list', () => {
    const own = withSettings({ query: ['ticket'], mode: 'replace' })
    expect(own.url('/?ticket=a&token=b')).toBe('/?ticket=REDACTED&token=b')
    expect(own.header('cookie', 'a')).toBe('REDACTED')
    const none = withSettings({ headers: [], query: [], keys: [], mode: 'replace' })
    expect([none.header('cookie', 'a'), none.url('/?token=b'), none.key('password').isSecret]).toEqual([
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
