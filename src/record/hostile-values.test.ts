import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from './redaction.ts'
import { valueText } from './value.ts'

const redactor = createRedactor({}, () => {})
const strict = createRedactor({ privacy: 'strict', redact: { keys: ['id'] } }, () => {})
const written = (value: unknown): unknown => JSON.parse(valueText(value, redactor))
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

describe('hostile values', () => {
  const pretender = (tag: string) => ({ a: 1, [Symbol.toStringTag]: tag })

  test.each<[string, unknown, unknown]>([
    [
      'a toJSON that throws',
      [
        {
          toJSON() {
            throw new Error('no')
          },
        },
      ],
      ['[throws]'],
    ],
    [
      'a getter that throws',
      {
        get a() {
          throw new Error('no')
        },
        b: 1,
      },
      { a: '[throws]', b: 1 },
    ],
    [
      'an error whose message throws',
      Object.defineProperty(new Error(), 'message', {
        get() {
          throw new Error('no')
        },
      }),
      '[throws]',
    ],
    ['revoked proxies', [revoked({}), revoked([]), revoked(() => 1)], ['[throws]', '[throws]', '[function]']],
    [
      'a proxy that throws on all',
      new Proxy(
        {},
        {
          ownKeys() {
            throw new Error('no')
          },
        },
      ),
      '[throws]',
    ],
    [
      'things that pretend to be others',
      ['Date', 'Map', 'Set', 'URLSearchParams', 'Number', 'String'].map(pretender),
      Array(6).fill({ a: 1 }),
    ],
    ['a list whose length lies', new Proxy([1], { get: (_, key) => (key === 'length' ? 'many' : undefined) }), []],
  ])('%s', (_, value, expected) => {
    expect(written(value)).toEqual(expected)
  })

  test('circular parts are marked; the same value twice side by side is written twice', () => {
    const twin = { a: 1 }
    const value: Record<string, unknown> = { first: twin, second: twin }
    value.self = value
    value.map = new Map([['up', value]])
    expect(written(value)).toEqual({ first: twin, second: twin, self: '[circular]', map: { up: '[circular]' } })
  })

  test('keys called __proto__ and constructor are data', () => {
    expect(valueText(JSON.parse('{"__proto__":{"a":1},"constructor":2}'), redactor)).toBe(
      '{"__proto__":{"a":1},"constructor":2}',
    )
    expect(written(Object.create(null, { a: { value: 1, enumerable: true } }))).toEqual({ a: 1 })
  })

  test('what is nested too deep is marked', () => {
    let deep: unknown = 'core'
    for (let i = 0; i < 200; i++) deep = [deep]
    expect(valueText(deep, redactor)).toBe(`${'['.repeat(64)}"[too deep]"${']'.repeat(64)}`)
    const endless: unknown = { toJSON: () => ({ next: endless }) }
    expect(valueText({ toJSON: () => [endless] }, redactor).length).toBeLessThan(10_000)
  })
})

describe('work is bounded', () => {
  const bound = 3 << 20

  test('by a list of a thousand million holes, and what stands beside it is still written', () => {
    const text = valueText({ list: new Array(1e9), total: 3 }, redactor)
    expect(text.length).toBeLessThan(bound)
    expect(text.slice(-60)).toMatch(/,null,"…\[cut: \d+ items\]"\],"total":3\}$/)
    const { list } = JSON.parse(text) as { list: unknown[] }
    expect(list.length - 1 + Number(/\d+/.exec(list.at(-1) as string)?.[0])).toBe(1e9)
  })

  test.each<[string, unknown]>([
    [
      'a toJSON that doubles',
      (function twice(): unknown {
        return { toJSON: () => [twice(), twice()] }
      })(),
    ],
    [
      'a getter that doubles',
      (function twice(): unknown {
        return {
          get a() {
            return twice()
          },
          get b() {
            return twice()
          },
        }
      })(),
    ],
    [
      'a list that shares its parts',
      (() => {
        let list: unknown = 'x'
        for (let i = 0; i < 60; i++) list = [list, list]
        return list
      })(),
    ],
    [
      'a proxy of endless length',
      new Proxy([], { get: (_, key) => (key === 'length' ? Number.POSITIVE_INFINITY : undefined) }),
    ],
    ['many keys', Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`key${i}`, i]))],
    [
      'a large map and a large set',
      [
        new Map(Array.from({ length: 200_000 }, (_, i) => [i, i])),
        new Set(Array.from({ length: 200_000 }, (_, i) => i)),
      ],
    ],
    ['a very long text', 'é'.repeat(4 << 20)],
  ])('by %s', (_, value) => {
    const text = valueText(value, redactor)
    expect(text.length).toBeLessThan(bound)
    expect(/\[cut: \d+ (items|bytes)\]/.test(text)).toBe(true)
    JSON.parse(text)
  })
})

describe('any value at all', () => {
  const hostile = fc.constantFrom<() => unknown>(
    () => revoked({}),
    () => ({
      toJSON() {
        throw new Error('no')
      },
    }),
    () => ({
      get x() {
        throw new Error('no')
      },
    }),
    () => new Date(Number.NaN),
    () => Symbol('x'),
    () => new Error('token=abc', { cause: Object(1n) }),
    () =>
      new Proxy(
        {},
        {
          get() {
            throw new Error('no')
          },
        },
      ),
    () => Object.create({ inherited: 1 }),
    () => Buffer.from('abc'),
    () => '\ud83d\u2028\u0000\u0085',
    () => () => 1,
  )
  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withUnicodeString: true,
  } as object)

  test('gives one line of valid JSON, never throws', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            anything.map((value) => () => value),
            hostile,
          ),
        ),
        (makers) => {
          const value = makers.map((make) => make())
          for (const each of [redactor, strict]) {
            const text = valueText(value, each)
            expect(text).not.toMatch(unsafe)
            expect(text.isWellFormed()).toBe(true)
            expect(JSON.parse(text)).toHaveLength(value.length)
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  test('is not changed, frozen or not', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const before = fc.stringify(value)
        valueText(Object.freeze({ value, password: value }), redactor)
        expect(fc.stringify(value)).toBe(before)
      }),
    )
  })
})
