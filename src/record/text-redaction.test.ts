import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cpuMs } from '../../test/support/time.ts'
import { createRedactor } from './redaction.ts'

const quiet = (): void => {}
const redactor = createRedactor({}, quiet)

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
        const start = cpuMs()
        read(text)
        least = Math.min(least, cpuMs() - start)
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
