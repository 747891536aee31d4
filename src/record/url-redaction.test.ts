import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from './redaction.ts'

const quiet = (): void => {}
const redactor = createRedactor({}, quiet)

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
