import type { ErrorRequestHandler, RequestHandler } from 'express'
import { describe, expect, it } from 'vitest'
import { expressAudit } from '../../src/adapters/express.ts'
import { nodeAudit } from '../../src/adapters/node.ts'
import { open, quietApp, send, serve } from './audited.ts'

const { proxy: revoked, revoke } = Proxy.revocable({}, {})
revoke()

function throwing(name: string): Error {
  return Object.defineProperty(new Error('hidden'), name, {
    get() {
      throw new Error('no')
    },
  })
}

/** What apps throw, and what a record says of it. */
const errors: [string, unknown, unknown][] = [
  ['an error', new TypeError('no'), { type: 'TypeError', message: 'no' }],
  [
    'an error of the system',
    Object.assign(new Error('connect failed'), { code: 'ECONNREFUSED' }),
    { type: 'ECONNREFUSED', message: 'connect failed' },
  ],
  [
    'an error with secrets',
    new Error('token=hunter22 at https://u:hunter22@h.example/'),
    { type: 'Error', message: 'token=REDACTED at https://REDACTED@h.example/' },
  ],
  ['a text', 'no', { type: 'string', message: 'no' }],
  ['a number', 418, { type: 'number', message: '418' }],
  ['an object', { status: 400 }, { type: 'object', message: '[object Object]' }],
  ['an object without a prototype', Object.create(null), { type: 'object', message: 'unknown' }],
  ['a symbol', Symbol('no'), { type: 'symbol', message: 'Symbol(no)' }],
  ['a revoked proxy', revoked, { type: 'object', message: 'unknown' }],
  ['a name that throws', throwing('name'), { type: 'Error', message: 'hidden' }],
  ['a code that throws', throwing('code'), { type: 'Error', message: 'hidden' }],
  ['a message that throws', throwing('message'), { type: 'Error', message: 'unknown' }],
  ['a name that is no text', Object.assign(new Error('x'), { name: 5n }), { type: 'Error', message: 'x' }],
  [
    'a message that is no text',
    Object.assign(new Error('x'), { message: { a: 1 } }),
    { type: 'Error', message: '[object Object]' },
  ],
  ['line breaks', new Error('a\r\n{"b":1}\u2028'), { type: 'Error', message: 'a\r\n{"b":1}\u2028' }],
]

describe('an error that ends a request is in its record, and reaches the app as it was:', () => {
  // Those that throw when they are looked at break the last handler of Express itself.
  it.each(errors.filter(([name]) => !/throws|revoked|prototype|symbol/.test(name)))(
    '%s, on Express',
    async (_name, error, expected) => {
      const opened = open()
      const app = quietApp().use(expressAudit(opened.audit), () => {
        throw error
      })
      await send(await serve(app), '/')
      expect(await opened.record()).toMatchObject({ error: expected })
    },
  )

  it.each(errors)('%s, on Express with a handler of its own', async (_name, error) => {
    const opened = open()
    const seen: unknown[] = []
    const answering: ErrorRequestHandler = (given, _req, res, _next) => {
      seen.push(given)
      res.status(503).send('sorry')
    }
    const passing: RequestHandler = (_req, _res, next) => next(error)
    const app = quietApp().use(expressAudit(opened.audit), passing, answering)
    expect((await send(await serve(app), '/')).body).toBe('sorry')
    expect(seen[0] === error).toBe(true)
    expect(await opened.record()).toMatchObject({ http_response: { status_code: 503 }, outcome: 'failure' })
  })

  it.each(errors)('%s, on node:http', async (_name, error, expected) => {
    const opened = open()
    const seen: unknown[] = []
    const audited = nodeAudit(opened.audit)(async () => {
      throw error
    })
    const port = await serve((req, res) => {
      void Promise.resolve(audited(req, res)).catch((given: unknown) => {
        seen.push(given)
        res.writeHead(500).end()
      })
    })
    expect((await send(port, '/')).status).toBe(500)
    expect(seen[0] === error).toBe(true)
    expect(await opened.record()).toMatchObject({ error: expected, outcome: 'failure' })
  })
})

it('none is invented where the app answers with an error by itself', async () => {
  const opened = open()
  const port = await serve(quietApp().use(expressAudit(opened.audit), (_req, res) => void res.status(500).send('no')))
  await send(port, '/')
  const record = await opened.record()
  expect(record.outcome).toBe('failure')
  expect(record.error).toBeUndefined()
})

it('a trust setting of the app that fails costs the record nothing but the forwarded address', async () => {
  const opened = open()
  const app = quietApp().set('trust proxy', () => {
    throw new Error('no')
  })
  app.use(expressAudit(opened.audit), (_req, res) => void res.send('ok'))
  expect((await send(await serve(app), '/', { headers: { 'x-forwarded-for': '203.0.113.7' } })).body).toBe('ok')
  expect((await opened.record()).user?.ip).toBe('127.0.0.1')
})
