import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeHeader, oneLine, quote, quotedLength, sliceQuoted, sliceUtf8, utf8Length, wellFormed } from './text.ts'

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc
    .array(fc.constantFrom('a', '"', '\\', '\n', '\u0000', '\u007f', '\u0085', '\u2028', '\ud83d', '😀', 'é', '€'))
    .map((parts) => parts.join('')),
)
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

test('lone surrogates become U+FFFD; well-formed text stays', () => {
  expect(wellFormed('ok😀')).toBe('ok😀')
  expect(wellFormed('\ud83d')).toBe('\ufffd')
  expect(wellFormed('a\ude00b')).toBe('a\ufffdb')
})

describe('the JSON text of a string', () => {
  test('reads back as the same text, on one line, without raw control characters', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const written = quote(text)
        expect(JSON.parse(written)).toBe(text.toWellFormed())
        expect(written).not.toMatch(unsafe)
        expect(written.isWellFormed()).toBe(true)
      }),
    )
  })

  test('keeps what needs no escaping', () => {
    expect(quote('plain é €')).toBe('"plain é €"')
    expect(quote('a\u0085b\u2028\u007f')).toBe('"a\\u0085b\\u2028\\u007f"')
  })

  test('has the length that is said beforehand, and can be cut to any length', () => {
    fc.assert(
      fc.property(anyText, fc.nat({ max: 40 }), (text, max) => {
        expect(quotedLength(text)).toBe(Buffer.byteLength(quote(text)))
        const start = sliceQuoted(text, max + 2)
        expect(Buffer.byteLength(quote(start))).toBeLessThanOrEqual(max + 2)
        expect(text.startsWith(start)).toBe(true)
      }),
    )
  })
})

test('the length in bytes is that of the UTF-8 form', () => {
  fc.assert(fc.property(anyText, (text) => void expect(utf8Length(text)).toBe(Buffer.byteLength(text))))
})

test('a cut never splits a character and wastes no room', () => {
  expect(sliceUtf8('abc😀', 6)).toBe('abc')
  expect(sliceUtf8('abc😀', 7)).toBe('abc😀')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat({ max: 50 }), (text, max) => {
      const start = sliceUtf8(text, max)
      const next = String.fromCodePoint(...[...text.slice(start.length)].slice(0, 1).map((c) => c.codePointAt(0) ?? 0))
      expect(Buffer.byteLength(start)).toBeLessThanOrEqual(max)
      expect(start.isWellFormed()).toBe(true)
      if (start !== text) expect(Buffer.byteLength(start + next)).toBeGreaterThan(max)
    }),
  )
})

test("an app's own line stays one line", () => {
  expect(oneLine('a\r\nb\tc\nd')).toBe('a b c d')
  expect(oneLine('esc\u001b[31m \u2028 \u0085 "quoted" \\ é')).toBe('esc\\u001b[31m \\u2028 \\u0085 "quoted" \\ é')
  fc.assert(fc.property(anyText, (text) => void expect(oneLine(text)).not.toMatch(unsafe)))
})

describe('a header', () => {
  const asNodeHands = (text: string, encoding: BufferEncoding) => Buffer.from(text, encoding).toString('latin1')

  test('that was sent as UTF-8 is read as UTF-8', () => {
    expect(decodeHeader(asNodeHands('Ergänz 😀', 'utf8'))).toBe('Ergänz 😀')
  })
  test('that was sent as latin1 stays as it is', () => {
    expect(decodeHeader('V\xe4xel')).toBe('Växel')
  })
  test('of ASCII, or already decoded, stays as it is', () => {
    expect(decodeHeader('curl/8')).toBe('curl/8')
    expect(decodeHeader('€')).toBe('€')
  })
  test('of any bytes never throws', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => decodeHeader(Buffer.from(bytes).toString('latin1')).length >= 0))
  })
})
