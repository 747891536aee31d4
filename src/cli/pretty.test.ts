import { describe, expect, it } from 'vitest'
import { pretty } from './pretty.ts'

const plain = { paint: (_style: unknown, text: string) => text }
const shown = (line: string): string => pretty(Buffer.from(line), plain)

describe('a line laid out for a person', () => {
  it('is what JSON.stringify would lay out', () => {
    const value = {
      id: 'a',
      list: [1, true, null, { deep: ['x'] }],
      none: {},
      empty: [],
      text: 'a "quoted", {braced}: text\\',
    }
    expect(shown(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2))
  })

  it('keeps numbers and repeated names as they are in the line', () => {
    expect(shown('{"n":12345678901234567890,"n":1e2}')).toBe('{\n  "n": 12345678901234567890,\n  "n": 1e2\n}')
  })

  it('shows what would steer the terminal, in place of doing it', () => {
    expect(shown('{"a":"\u009b31m\u202e\u007f"}')).toBe('{\n  "a": "\\u009b31m\\u202e\\u007f"\n}')
  })

  it.each([['not JSON at all'], ['{"a'], ['}}}]'], ['['.repeat(65_535)], ['']])(
    'never throws, nor explodes',
    (line) => {
      expect(shown(line).length).toBeLessThan(10_000_000)
    },
  )
})
