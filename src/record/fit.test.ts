import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cutToFit, jsonText } from './fit.ts'
import type { Json } from './record.ts'

const bytes = (value: Json): number => Buffer.byteLength(jsonText(value))
const anyJson = fc.jsonValue({ maxDepth: 6 }) as fc.Arbitrary<Json>
const largeJson = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom<Json>(null, true, '__proto__', 'x'.repeat(500), '😀'.repeat(90), '"\\\n\u0085'.repeat(40)),
    fc.array(tie('value'), { maxLength: 40 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'k'.repeat(80))), tie('value'), { maxKeys: 30 }),
  ),
})).value

test('a value that fits is left alone', () => {
  fc.assert(fc.property(anyJson, (value) => void expect(cutToFit(value, bytes(value) + 64)).toBe(value)))
})

test('whatever the value, the result fits, is JSON, and the value is as it was', () => {
  fc.assert(
    fc.property(largeJson, fc.integer({ min: 64, max: 2000 }), (value, max) => {
      const before = jsonText(value)
      const result = cutToFit(value, max)
      expect(bytes(result)).toBeLessThanOrEqual(max)
      expect(jsonText(JSON.parse(jsonText(result)) as Json)).toBe(jsonText(result))
      expect(jsonText(value)).toBe(before)
    }),
    { numRuns: 500 },
  )
})

describe('the largest values are cut first', () => {
  test('small ones beside them stay whole', () => {
    const value = { id: 1, name: 'jane', notes: 'x'.repeat(5000), list: [1, 2, 3], log: 'y'.repeat(9000) }
    const { notes, log, ...rest } = cutToFit(value, 1000) as typeof value
    expect(rest).toEqual({ id: 1, name: 'jane', list: [1, 2, 3] })
    expect(notes.length).toBe(log.length)
    expect(bytes(cutToFit(value, 1000))).toBeGreaterThan(990)
  })

  test('at any depth', () => {
    const value = { a: { b: [{ c: 'x'.repeat(1000), d: 'kept' }] }, e: 'kept too' }
    expect(cutToFit(value, 200)).toMatchObject({ a: { b: [{ d: 'kept' }] }, e: 'kept too' })
  })
})

describe('the mark says how many bytes of the value are gone', () => {
  test('at the end of a text', () => {
    const result = cutToFit('é'.repeat(500), 100) as string
    const [, kept = '', gone] = /^(é*)…\[cut: (\d+) bytes\]$/.exec(result) ?? []
    expect(Buffer.byteLength(kept) + Number(gone)).toBe(1000)
  })

  test('and never splits a character', () => {
    for (let max = 64; max < 90; max++) expect(cutToFit('😀'.repeat(100), max)).toMatch(/^(😀)*…\[cut: \d+ bytes\]$/u)
  })

  test('at the end of a list, after its first items', () => {
    const result = cutToFit(
      Array.from({ length: 1000 }, (_, i) => i),
      100,
    ) as Json[]
    expect(result.slice(0, 3)).toEqual([0, 1, 2])
    expect(result.at(-1)).toMatch(/^…\[cut: \d+ bytes\]$/)
    expect(bytes(result)).toBeGreaterThan(90)
  })

  test('and a mark that was there before stays', () => {
    const result = cutToFit([...Array.from({ length: 1000 }, (_, i) => i), '…[cut: 7 items]'], 100) as Json[]
    expect(result.slice(-2)).toEqual([expect.stringMatching(/^…\[cut: \d+ bytes\]$/), '…[cut: 7 items]'])
  })

  test('in a member of an object', () => {
    const value = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key${i}`, i]))
    const result = cutToFit(value, 200) as { [key: string]: Json }
    expect(result).toMatchObject({ key0: 0, key1: 1, '…': expect.stringMatching(/^\[cut: \d+ bytes\]$/) })
  })

  test('a member that is too large for its key does not cost the others', () => {
    expect(cutToFit({ ['k'.repeat(500)]: 1, id: 2 }, 64)).toEqual({ id: 2, '…': '[cut: 505 bytes]' })
  })
})

test('a member called __proto__ is data', () => {
  const result = cutToFit(JSON.parse(`{"__proto__":{"polluted":true},"long":"${'x'.repeat(500)}"}`) as Json, 200)
  expect(Object.hasOwn(result as object, '__proto__')).toBe(true)
  expect((result as { polluted?: boolean }).polluted).toBeUndefined()
})

test('a large list of small values takes linear work', () => {
  const nested: Json[] = []
  let inner: Json[] = nested
  for (let i = 0; i < 60; i++) {
    const next: Json[] = Array.from({ length: 1000 }, (_, n) => n)
    inner.push(next)
    inner = next
  }
  expect(bytes(cutToFit(nested, 65_535))).toBeLessThanOrEqual(65_535)
})
