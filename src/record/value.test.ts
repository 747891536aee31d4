import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from './redaction.ts'
import { valueText } from './value.ts'

const redactor = createRedactor({}, () => {})
const strict = createRedactor({ privacy: 'strict', redact: { keys: ['id'] } }, () => {})
const written = (value: unknown): unknown => JSON.parse(valueText(value, redactor))

describe('values that JSON knows', () => {
  test('are written as JSON.stringify writes them', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false } as object), (value) => {
        expect(
          valueText(
            value,
            createRedactor({ redact: { keys: [], headers: [], query: [], mode: 'replace' } }, () => {}),
          ),
        ).toBe(
          JSON.stringify(value).replace(
            /[\u007f-\u009f\u2028\u2029]/g,
            (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
          ),
        )
      }),
    )
  })

  test('keep the order of their keys', () => {
    expect(
      valueText(
        [
          { id: 1, colour: 'red' },
          { b: 1, a: null },
        ],
        redactor,
      ),
    ).toBe('[{"id":1,"colour":"red"},{"b":1,"a":null}]')
  })
})

describe('values that JSON does not know', () => {
  class Bicycle {
    frame = 'steel'
    #secret = 1
    get secret() {
      return this.#secret
    }
  }
  class NoBicycleError extends TypeError {}
  class Tagged extends Map<string, number> {
    override get [Symbol.toStringTag]() {
      return 'Own'
    }
  }

  test.each<[string, unknown, unknown]>([
    ['a BigInt as its decimals', 9007199254740993n, '9007199254740993'],
    ['a date as ISO', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['an invalid date', new Date(Number.NaN), '[invalid date]'],
    ['not a number', Number.NaN, '[NaN]'],
    ['infinity', [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], ['[Infinity]', '[-Infinity]']],
    ['minus zero as zero', [-0], [0]],
    ['undefined in a list as null', [undefined, 1], [null, 1]],
    ['undefined in an object is left out', { a: undefined, b: 1 }, { b: 1 }],
    ['undefined alone as null', undefined, null],
    ['a function', [() => 1, class {}], ['[function]', '[function]']],
    ['a symbol', { a: Symbol('x'), [Symbol('key')]: 1 }, { a: '[symbol]' }],
    ['a map with text keys as an object', new Map([['a', 1]]), { a: 1 }],
    [
      'another map as pairs',
      new Map<unknown, unknown>([
        [1, 2],
        ['a', {}],
      ]),
      [
        [1, 2],
        ['a', {}],
      ],
    ],
    ['an empty map', new Map(), {}],
    ['a set as a list', new Set([1, 'a']), [1, 'a']],
    [
      'bytes as their number',
      [Buffer.from('abc'), new Uint16Array(4), new ArrayBuffer(3), new DataView(new ArrayBuffer(2))],
      ['[3 bytes]', '[8 bytes]', '[3 bytes]', '[2 bytes]'],
    ],
    ['a URL without its credentials', new URL('http://u:p@h/?token=abc&a=1'), 'http://REDACTED@h/?token=REDACTED&a=1'],
    ['search parameters', new URLSearchParams('a=1&token=abc'), 'a=1&token=REDACTED'],
    ['a regular expression as its text', /a+b/gi, '/a+b/gi'],
    [
      'boxed values',
      [Object('a'), Object(1), Object(true), Object(1n), Object(Symbol('x'))],
      ['a', 1, true, '1', '[symbol]'],
    ],
    ['an instance of a class as its own properties', new Bicycle(), { frame: 'steel' }],
    ['a promise and a weak map as empty', [Promise.resolve(1), new WeakMap()], [{}, {}]],
    ['an error', new Error('x'), { type: 'Error', message: 'x' }],
    [
      'an error with a cause',
      new Error('x', { cause: new RangeError('y') }),
      { type: 'Error', message: 'x', cause: { type: 'RangeError', message: 'y' } },
    ],
    [
      'an error of several',
      new AggregateError([new Error('a'), 1], 'm'),
      { type: 'AggregateError', message: 'm', errors: [{ type: 'Error', message: 'a' }, 1] },
    ],
    ['an error of an own class', new NoBicycleError('x'), { type: 'NoBicycleError', message: 'x' }],
    [
      'an error with an own name',
      Object.assign(new Error('x'), { name: 'ValidationError' }),
      { type: 'ValidationError', message: 'x' },
    ],
    [
      'values of another realm',
      runInNewContext('[new Date(0), new Map([["a", 1]]), new Set([1]), new Error("x"), /a/]'),
      ['1970-01-01T00:00:00.000Z', { a: 1 }, [1], { type: 'Error', message: 'x' }, '/a/'],
    ],
    ['a map of a class with its own tag', new Tagged([['a', 1]]), { a: 1 }],
    [
      'what toJSON gives',
      { toJSON: (key: string) => ({ key, at: new Date(0) }) },
      { key: '', at: '1970-01-01T00:00:00.000Z' },
    ],
    [
      'a toJSON that gives itself',
      Object.assign(
        Object.create({
          toJSON() {
            return this
          },
        }),
        { a: 1 },
      ),
      { a: 1 },
    ],
    ['lone surrogates as U+FFFD', ['\ud83d', { 'k\udc00': 'ok😀' }], ['\ufffd', { 'k\ufffd': 'ok😀' }]],
  ])('%s', (_, value, expected) => {
    expect(written(value)).toEqual(expected)
  })
})

describe('secrets', () => {
  test('are masked by key at any depth, in any case, in objects, lists, maps and classes', () => {
    class Login {
      passWord = 'hunter22'
    }
    const values = [
      { password: 'hunter22' },
      { a: { PASSWORD: 'hunter22' } },
      { a: [{ b: [{ user_password: 'hunter22', 'pass-word': 'hunter22' }] }] },
      { a: { passwords: ['hunter22'] } },
      new Map([['password', 'hunter22']]),
      new Map<unknown, unknown>([
        ['password', 'hunter22'],
        [1, 2],
      ]),
      new Login(),
      new Error('x', { cause: { apiKey: 'hunter22' } }),
    ]
    for (const value of values) {
      expect(valueText(value, redactor)).toContain('"REDACTED"')
      expect(valueText(value, redactor)).not.toContain('hunter22')
    }
  })

  test.each<[string, unknown]>([
    ['a Buffer', Buffer.from('hunter22')],
    ['bytes', new Uint8Array([104, 117])],
    ['a String object', Object('hunter22')],
    ['a number', 123456],
    ['a list', ['hunter22']],
    ['an object', { value: 'hunter22' }],
    ['null', null],
    ['a function', () => 'hunter22'],
  ])('are masked whole when the value is %s', (_, value) => {
    expect(written({ token: value })).toEqual({ token: 'REDACTED' })
  })

  test('within texts are masked where they are named', () => {
    expect(
      written(['see https://u:hunter22@h/?token=hunter22&a=1', 'q=red&token=hunter22', new Error('token=hunter22')]),
    ).toEqual([
      'see https://REDACTED@h/?token=REDACTED&a=1',
      'q=red&token=REDACTED',
      { type: 'Error', message: 'token=REDACTED' },
    ])
    expect(valueText({ 'https://u:hunter22@h/': 1 }, redactor)).not.toContain('hunter22')
  })

  test('are masked before anything is cut', () => {
    const text = valueText(`${'x'.repeat((1 << 20) - 20)} token=hunter22hunter22hunter22`, redactor)
    expect(text.includes('hunter')).toBe(false)
  })

  test('common words are kept as keys', () => {
    expect(written({ code: 1, key: 2, email: 'a@b.c', author: 'x' })).toEqual({
      code: 1,
      key: 2,
      email: 'a@b.c',
      author: 'x',
    })
  })
})

describe('with privacy: strict', () => {
  test('keys, structure, counts and types of errors stay; values are masked unless their key is named', () => {
    const value = {
      id: 7,
      name: 'jane',
      list: [1, true, null],
      when: new Date(0),
      error: new Error('x'),
      raw: Buffer.from('a'),
      bytes: new Map([['id', { deep: 'kept' }]]),
    }
    expect(JSON.parse(valueText(value, strict))).toEqual({
      id: 7,
      name: 'REDACTED',
      list: ['REDACTED', 'REDACTED', null],
      when: 'REDACTED',
      error: { type: 'Error', message: 'REDACTED' },
      raw: '[1 bytes]',
      bytes: { id: { deep: 'kept' } },
    })
  })

  test('secret names are masked also where they are kept', () => {
    const keeping = createRedactor({ privacy: 'strict', redact: { keys: ['token', 'id'] } }, () => {})
    expect(valueText({ token: 'a', id: { token: 'b' } }, keeping)).toBe(
      '{"token":"REDACTED","id":{"token":"REDACTED"}}',
    )
  })
})
