import vm from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expressAudit } from '../../src/adapters/express.ts'
import type { Logger } from '../../src/record/logger.ts'
import { get, open, quietApp, send, sendRaw, serve } from './audited.ts'

/** What a value becomes in results, filter and message of a plain record. */
async function kept(value: unknown) {
  const opened = open()
  await opened.audit
    .logger()
    .setFilter('Thing', 'fields', value)
    .setResults(value)
    .info(value as string)
    .sendLog()
  const { filter, results, message } = await opened.record()
  expect(filter?.terms ?? null).toEqual(results)
  return { results, message }
}

class Account {
  readonly id = 7
  readonly #hidden = 'x'
  get hidden() {
    return this.#hidden
  }
}

const throwing = {
  get a() {
    throw new Error('no')
  },
  b: 1,
}
const circular: Record<string, unknown> = { n: 1 }
circular.self = circular
circular.list = [circular]
const shared = { x: 1 }
const { proxy: revoked, revoke } = Proxy.revocable({}, {})
revoke()

describe('values of an app become', () => {
  it.each<[string, unknown, unknown]>([
    ['a BigInt', [{ id: 9007199254740993n }], [{ id: '9007199254740993' }]],
    ['a BigInt in a Map', new Map([['n', 1n]]), { n: '1' }],
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['numbers that are none', [Number.NaN, Infinity, -Infinity, -0], ['[NaN]', '[Infinity]', '[-Infinity]', 0]],
    ['an invalid date', [new Date(Number.NaN)], ['[invalid date]']],
    ['what JSON leaves out', [undefined, Symbol('x'), () => 1], [null, '[symbol]', '[function]']],
    ['members that are undefined', { a: undefined, b: null }, { b: null }],
    [
      'errors with causes',
      new TypeError('x', { cause: new Error('y') }),
      { type: 'TypeError', message: 'x', cause: { type: 'Error', message: 'y' } },
    ],
    [
      'several errors',
      new AggregateError([new Error('a')], 'all'),
      { type: 'AggregateError', message: 'all', errors: [{ type: 'Error', message: 'a' }] },
    ],
    ['a Map of text', new Map<unknown, unknown>([['a', 1]]), { a: 1 }],
    ['a Map of anything', new Map<unknown, unknown>([[1, 2]]), [[1, 2]]],
    ['a Set', new Set([1, 'a']), [1, 'a']],
    ['bytes', [Buffer.from('abc'), new Uint8Array(2), new ArrayBuffer(3)], ['[3 bytes]', '[2 bytes]', '[3 bytes]']],
    ['a URL', new URL('http://u:p@h.example/?token=x&a=1'), 'http://REDACTED@h.example/?token=REDACTED&a=1'],
    ['a RegExp', /a/g, '/a/g'],
    ['an instance', new Account(), { id: 7 }],
    ['its own JSON', { toJSON: () => ({ a: 1 }) }, { a: 1 }],
    [
      'toJSON that throws',
      [
        {
          toJSON: () => {
            throw new Error('no')
          },
        },
        1,
      ],
      ['[throws]', 1],
    ],
    ['a getter that throws', throwing, { a: '[throws]', b: 1 }],
    ['a revoked proxy', [revoked, 1], ['[throws]', 1]],
    ['circular parts', circular, { n: 1, self: '[circular]', list: ['[circular]'] }],
    ['shared parts', [shared, shared], [{ x: 1 }, { x: 1 }]],
    ['no prototype', Object.assign(Object.create(null), { constructor: 1 }), { constructor: 1 }],
    ['lone surrogates', ['\ud83d', 'ok😀', '\udc00x'], ['\ufffd', 'ok😀', '\ufffdx']],
    [
      'control characters and line separators',
      ['a\u0000\u001b[31m\n\u2028\u0085'],
      ['a\u0000\u001b[31m\n\u2028\u0085'],
    ],
    ['boxed values', [Object(1), Object('a'), Object(true), Object(1n)], [1, 'a', true, '1']],
    [
      'values of another realm',
      vm.runInNewContext('[new Date(0), new Map([["a", 1]]), new Set([1]), new Error("x")]'),
      ['1970-01-01T00:00:00.000Z', { a: 1 }, [1], { type: 'Error', message: 'x' }],
    ],
  ])('%s', async (_name, value, expected) => {
    expect((await kept(value)).results).toEqual(expected)
  })

  it('what JSON.parse makes of a member called __proto__, without touching a prototype', async () => {
    const { results } = await kept(JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":2}}'))
    expect(Object.keys(results as object)).toEqual(['__proto__', 'constructor'])
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it('a message, whatever was given as one', async () => {
    expect((await kept(undefined)).message).toBe('')
    expect((await kept(12n)).message).toBe('12')
    expect(
      (
        await kept({
          toString: () => {
            throw new Error('no')
          },
        })
      ).message,
    ).toBe('[throws]')
    expect((await kept(Symbol('x'))).message).toBe('Symbol(x)')
    expect((await kept('a\r\n{"forged":"line"}')).message).toBe('a\r\n{"forged":"line"}')
  })
})

it('members named as fields of a record stay in their place', async () => {
  const opened = open()
  const names = {
    id: 'x',
    time: 'x',
    type: 'x',
    message: 'x',
    user: 'x',
    http_request: 'x',
    kind: 'x',
    '@timestamp': 'x',
    object: 'x',
  }
  await opened.audit.logger().setFilter('Thing', names).setResults(names).info('kept').sendLog()
  const record = await opened.record()
  expect(record).toMatchObject({
    type: 'INFO',
    message: 'kept',
    results: names,
    filter: { object: 'Thing', kwargs: names },
  })
  expect(record.kind).toBeUndefined()
})

/** Values that do their worst, whatever is asked of them. */
const hostile: readonly (() => unknown)[] = [
  () => revoked,
  () =>
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no')
        },
      },
    ),
  () =>
    new Proxy(
      { a: 1 },
      {
        get: () => {
          throw new Error('no')
        },
      },
    ),
  () =>
    new Proxy(
      { a: 1 },
      {
        getPrototypeOf: () => {
          throw new Error('no')
        },
      },
    ),
  () => new Proxy([1, 2], { get: (list, name) => (name === 'length' ? 2 ** 40 : Reflect.get(list, name)) }),
  () => new Proxy([1], { get: (list, name) => (name === 'length' ? -1 : Reflect.get(list, name)) }),
  () =>
    new Proxy(
      {},
      {
        ownKeys: () => ['a', 'b'],
        getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
        get: () => revoked,
      },
    ),
  () => new Proxy(() => 1, {}),
  () => new Proxy(new Map([[1, 2]]), {}),
  () => new Proxy(new Date(), {}),
  () => Object.create(Map.prototype),
  () => Object.create(Date.prototype),
  () =>
    Object.create(Error.prototype, {
      message: {
        get: () => {
          throw new Error('no')
        },
      },
    }),
  () => ({ [Symbol.toStringTag]: 'Map' }),
  () => ({
    get [Symbol.toStringTag](): string {
      throw new Error('no')
    },
  }),
  () => ({ toJSON: () => revoked }),
  () => {
    const self = { toJSON: (): unknown => [self] }
    return self
  },
  () => {
    const endless = {
      get next(): unknown {
        return Object.create(endless)
      },
    }
    return endless
  },
  () => ({
    toString: () => {
      throw new Error('no')
    },
    [Symbol.toPrimitive]: () => {
      throw new Error('no')
    },
  }),
  () =>
    Object.assign(new Error('x'), {
      message: {
        toString: () => {
          throw new Error('no')
        },
      },
      name: 5,
      cause: revoked,
    }),
  () =>
    new (class extends Map<unknown, unknown> {
      override entries(): never {
        throw new Error('no')
      }
    })([[1, 2]]),
  () =>
    new (class extends Array {
      override get length(): never {
        throw new Error('no')
      }
    })(),
  () => ({ length: -1 }),
  () => new Array(200_000),
  () => '\ud83d'.repeat(40_000),
  () => Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`k${n}\ud800`, n])),
]

const any: fc.Arbitrary<() => unknown> = fc
  .anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
  })
  .map((value) => () => value)
const nasty = fc.constantFrom(...hostile)

/** Ways to make a value, since fast-check itself does not survive the values. */
const anything: fc.Arbitrary<() => unknown> = fc.oneof(
  any,
  nasty,
  fc.string({ unit: 'binary', maxLength: 200 }).map((text) => () => text),
  fc.array(fc.oneof(nasty, any), { maxLength: 4 }).map((list) => () => list.map((make) => make())),
  fc
    .array(fc.tuple(fc.string({ unit: 'binary' }), fc.oneof(nasty, any)), { maxLength: 4 })
    .map((entries) => () => Object.fromEntries(entries.map(([key, make]) => [key, make()]))),
)

/** Every way to hand a value to a logger. */
function sayEverything(logger: Logger, value: unknown, other: unknown): void {
  const [given, text] = [value as never, other as never]
  logger.setUser(given).setFilter(text, given, other).setResults(value).warning(text)
  logger.setFilter(given, text)
  logger.setHttpRequest(given).setHttpResponse(text)
  logger.setHttpRequest({ method: given, url: text, user_agent: given })
  logger.setHttpResponse({ status_code: given, reason: text, headers: { a: given, b: [text] } as never })
  logger.setUser({ id: given, email: text, roles: [given, text] as never, authenticated: given })
}

describe('whatever values an app hands over', () => {
  // Each line is checked against the schema as it is made, as in all of these tests.
  it('each record of a plain logger is one valid line, and no call throws', async () => {
    const opened = open()
    let count = 0
    await fc.assert(
      fc.asyncProperty(anything, anything, async (makeOne, makeOther) => {
        const [value, other] = [makeOne(), makeOther()]
        const logger = opened.audit.logger()
        sayEverything(logger, value, other)
        await logger.sendLog()
        count += 1
        if (count % 50 === 0) await opened.audit.flush()
      }),
      { numRuns: 250 },
    )
    await opened.records(count)
    expect(opened.audit.health().counters).toMatchObject({ recorded: count, lost: 0 })
  })

  it('each request leaves one valid record, and its own answer', async () => {
    const opened = open()
    let [value, other]: unknown[] = []
    const app = quietApp().use(expressAudit(opened.audit), (req, res) => {
      Object.assign(req, { user: value, auth: other })
      sayEverything(req.auditLog, value, other)
      res.send('ok')
    })
    const port = await serve(app)
    let count = 0
    await fc.assert(
      fc.asyncProperty(anything, anything, async (makeOne, makeOther) => {
        ;[value, other] = [makeOne(), makeOther()]
        expect((await send(port, '/')).body).toBe('ok')
        count += 1
      }),
      { numRuns: 100 },
    )
    for (const { user } of await opened.records(count)) expect(user?.ip).toBe('127.0.0.1')
  })

  it('they stay as they are, frozen or not', async () => {
    const opened = open()
    await fc.assert(
      fc.asyncProperty(fc.object({ withBigInt: true, withDate: true, withMap: true, withSet: true }), async (value) => {
        const secret = { ...value, password: 'hunter22', nested: [{ token: 'hunter22' }] }
        const before = structuredClone(secret)
        sayEverything(opened.audit.logger(), secret, secret)
        expect(secret).toEqual(before)
        sayEverything(opened.audit.logger(), deepFrozen(secret), secret)
        expect(secret).toEqual(before)
      }),
      { numRuns: 100 },
    )
  })

  it('the answer that is sent afterwards holds the real values', async () => {
    const opened = open()
    const account = { id: 1, password: 'hunter22', big: 'x'.repeat(100_000), seen: new Date(0) }
    const app = quietApp().use(expressAudit(opened.audit), (req, res) => {
      req.auditLog.setResults(account).setFilter('Account', account)
      setTimeout(() => res.json(account), 5)
    })
    expect((await send(await serve(app), '/')).body).toBe(JSON.stringify(account))
    expect(JSON.stringify(await opened.record())).not.toContain('hunter22')
  })

  it('what is changed after it was said does not change the record', async () => {
    const opened = open()
    const app = quietApp().use(expressAudit(opened.audit), (req, res) => {
      const list = [{ id: 1 }]
      req.auditLog.setResults(list).setFilter('Thing', 'id', list)
      list[0]!.id = 2
      list.push({ id: 3 })
      res.end()
    })
    await send(await serve(app), '/')
    expect(await opened.record()).toMatchObject({ results: [{ id: 1 }], filter: { terms: [{ id: 1 }] } })
  })
})

function deepFrozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  for (const part of Object.values(value)) deepFrozen(part)
  return Object.freeze(value)
}

describe('what is too large is cut', () => {
  const secret = 'hunter22-correct-horse-battery'
  const pieces = Array.from({ length: secret.length - 5 }, (_, n) => secret.slice(n, n + 6))

  async function cutRecord(say: (logger: Logger) => unknown, target = '/small') {
    const opened = open()
    const app = quietApp().use(expressAudit(opened.audit), (req, res) => {
      req.auditLog.setFilter('Small', ['kept'], 'kept').info('kept')
      say(req.auditLog)
      res.set('x-small', 'kept').send('ok')
    })
    await sendRaw(await serve(app), get(target))
    const record = await opened.record()
    const line = JSON.stringify(record)
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(65_502)
    expect(Buffer.byteLength(line)).toBeGreaterThan(50_000)
    expect(line.isWellFormed()).toBe(true)
    expect(line).not.toContain('\ufffd')
    expect(line).toContain('[cut: ')
    for (const piece of pieces) expect(line).not.toContain(piece)
    expect(record.http_response?.headers['x-small']).toBe('kept')
    return record
  }

  it('results of 100,000 ids', async () => {
    const ids = Array.from({ length: 100_000 }, (_, n) => ({ id: n, password: secret }))
    const record = await cutRecord((logger) => logger.setResults(ids))
    expect(record).toMatchObject({ message: 'kept', filter: { object: 'Small', terms: 'kept' } })
    expect((record.results as unknown[])[0]).toEqual({ id: 0, password: 'REDACTED' })
  })

  it('a message of 2 MB, wherever a secret lies in it', async () => {
    for (const at of [0, 65_400, 65_500, 65_530, 1_000_000]) {
      const message = `${'ä😀'.repeat(at / 6)} token=${secret} ${'x'.repeat(2_000_000)}`
      expect((await cutRecord((logger) => logger.warning(message))).type).toBe('WARNING')
    }
  })

  it('texts of many lengths, never within a character', async () => {
    for (let n = 0; n < 12; n++) {
      const record = await cutRecord((logger) =>
        logger.setResults({ small: 'kept', text: `${'x'.repeat(n)}${'😀é'.repeat(30_000)}` }),
      )
      expect(record.results).toMatchObject({
        small: 'kept',
        text: expect.stringMatching(/^x*(😀é)+😀?…\[cut: \d+ bytes\]$/u),
      })
    }
  })

  it('a long URL beside large results', async () => {
    const record = await cutRecord(
      (logger) => logger.setResults('y'.repeat(500_000)),
      `/p?token=${secret}&${'a=1&'.repeat(20_000)}`,
    )
    expect(record.http_request?.url).toContain('/p?token=REDACTED&a=1')
  })

  it('values nested as deep as can be', async () => {
    let deep: unknown = 'bottom'
    for (let n = 0; n < 20_000; n++) deep = { deep, password: secret }
    const opened = open()
    await opened.audit.logger().setResults(deep).setFilter('Small', 'x', deep).info('kept').sendLog()
    const line = JSON.stringify(await opened.record())
    expect(line).toContain('[too deep]')
    for (const piece of pieces) expect(line).not.toContain(piece)
  })
})
