import fc from 'fast-check'
import { expect, it } from 'vitest'
import { visible } from './visible.ts'

it('leaves text alone', () => {
  expect(visible('jané@example.org 🚲 “x” \\u0041')).toBe('jané@example.org 🚲 “x” \\u0041')
})

it.each([
  ['\u001b[2J', '\\u001b[2J'],
  ['a\nb\r\t', 'a\\u000ab\\u000d\\u0009'],
  ['\u009b\u007f', '\\u009b\\u007f'],
  ['\u2028\u202e\u2066', '\\u2028\\u202e\\u2066'],
  ['\ud800', '\\ud800'],
])('writes out what would do something rather than show', (text, shown) => {
  expect(visible(text)).toBe(shown)
})

it('leaves no control character and no lone surrogate in any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(visible(text)).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u)
    }),
  )
})
