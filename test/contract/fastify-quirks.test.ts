import { type AddressInfo, connect } from 'node:net'
import { Readable } from 'node:stream'
import compress from '@fastify/compress'
import websocket from '@fastify/websocket'
import fastify, { type FastifyInstance, type FastifyRequest, type FastifyServerOptions } from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fastifyAudit } from '../../src/adapters/fastify.ts'
import { nodeAudit } from '../../src/adapters/node.ts'
import type { Settings } from '../../src/audit-log/settings.ts'
import type { AuditError } from '../../src/lib/errors.ts'
import type { AuditRecord } from '../../src/record/record.ts'
import { memorySink } from '../../src/testing/memory-sink.ts'
import { connectRaw } from '../support/raw-client.ts'
import { PATIENCE_MS } from '../support/time.ts'
import { openAudit } from './adapter/harness.ts'

interface Opened {
  readonly app: FastifyInstance
  readonly audit: ReturnType<typeof openAudit>['audit']
  readonly errors: AuditError[]
  /** Starts listening; where it listens. */
  listen(): Promise<string>
  /** The records, once the app is closed: exactly so many. */
  records(count: number): Promise<readonly AuditRecord[]>
  record(): Promise<AuditRecord>
}

/** A Fastify app and an audit log; it is for the test to register one on the other. */
function open(options: FastifyServerOptions = {}, settings: Settings<FastifyRequest> = {}): Opened {
  const errors: AuditError[] = []
  const { audit, sink } = openAudit({ onError: (error) => void errors.push(error), ...(settings as Settings) })
  const app = fastify({ forceCloseConnections: true, ...options } as FastifyServerOptions)
  const close = async (): Promise<void> => {
    await app.close()
    await audit.close()
  }
  onTestFinished(close)
  const records = async (count: number): Promise<readonly AuditRecord[]> => {
    await sink.waitFor(count, PATIENCE_MS)
    await close()
    expect(sink.records).toHaveLength(count)
    return sink.records
  }
  return {
    app,
    audit,
    errors,
    listen: () => app.listen({ port: 0, host: '127.0.0.1' }),
    records,
    record: async () => (await records(1))[0] as AuditRecord,
  }
}

const portOf = (url: string): number => Number(new URL(url).port)

describe('Fastify leaves one record of what its hooks do not see', () => {
  test('an answer of another plugin, registered before', async () => {
    const { app, audit, listen, record } = open()
    app.addHook('onRequest', async (_request, reply) => reply.code(401).send('who are you?'))
    app.register(fastifyAudit, audit)
    app.get('/bicycles', async () => [])
    expect((await fetch(`${await listen()}/bicycles`)).status).toBe(401)
    expect(await record()).toMatchObject({ http_response: { status_code: 401 }, outcome: 'denied' })
  })

  test.each([
    ['an invalid URL', '/bicycles/%E0%A4%A', 400],
    ['an endless parameter', `/bicycles/${'9'.repeat(1_000)}`, 414],
  ])('%s', async (_name, path, status) => {
    const { app, audit, listen, record } = open()
    app.register(fastifyAudit, audit)
    app.get('/bicycles/:id', async () => [])
    const url = await listen()
    expect((await fetch(`${url}${path}`)).status).toBe(status)
    expect(await record()).toMatchObject({
      http_request: { url: `${url}${path}` },
      http_response: { status_code: status },
      outcome: 'failure',
    })
  })

  test.each([
    ['a request line', 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['a head', `GET /a HTTP/1.1\r\nHost: a\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
  ])('%s that the parser refuses, also registered twice', async (_name, text, status) => {
    const { app, audit, listen, record } = open()
    app.register(fastifyAudit, audit)
    app.register(fastifyAudit, audit)
    const client = await connectRaw(portOf(await listen()))
    client.send(text)
    await client.closed
    expect(client.received()).toContain(`HTTP/1.1 ${status} `)
    expect(await record()).toMatchObject({ http_response: { status_code: status }, user: { ip: '127.0.0.1' } })
  })

  test('a request that comes while the app closes', async () => {
    const { app, audit, listen, records } = open({ forceCloseConnections: false })
    app.register(fastifyAudit, audit)
    let go = (): void => undefined
    const held = new Promise<void>((resolve) => (go = resolve))
    const entered = new Promise<void>((resolve) => {
      app.get('/slow', async () => {
        resolve()
        await held
      })
    })
    const client = await connectRaw(portOf(await listen()))
    client.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
    await entered
    const late = new Promise((resolve) => app.server.once('request', resolve))
    const closing = app.close()
    client.send('GET /late HTTP/1.1\r\nHost: a\r\n\r\n')
    await late
    go()
    await closing
    client.socket.destroy()
    const statuses = (await records(2)).map(({ http_response }) => http_response?.status_code)
    expect(statuses.sort()).toEqual([200, 503])
  })
})

describe('Fastify keeps the error of what it refuses', () => {
  test.each([
    ['malformed JSON', { body: '{', headers: { 'content-type': 'application/json' } }, 400],
    [
      'a body that is too large',
      { body: JSON.stringify('a'.repeat(200)), headers: { 'content-type': 'application/json' } },
      413,
    ],
    ['a type that it does not know', { body: 'a', headers: { 'content-type': 'application/x-bicycle' } }, 415],
  ])('%s', async (_name, asking, status) => {
    const { app, audit, listen, record } = open({ bodyLimit: 100 })
    app.register(fastifyAudit, audit)
    app.post('/bicycles', async () => [])
    expect((await fetch(`${await listen()}/bicycles`, { method: 'POST', ...asking })).status).toBe(status)
    expect(await record()).toMatchObject({
      http_response: { status_code: status },
      error: { message: expect.any(String) },
      outcome: 'failure',
    })
  })

  test('also where the app answers it with an error handler of its own', async () => {
    const { app, audit, listen, record } = open()
    app.register(fastifyAudit, audit)
    app.setErrorHandler((_error, _request, reply) => reply.code(418).send('short and stout'))
    app.get('/', async () => Promise.reject(new RangeError('too hot')))
    expect((await fetch(await listen())).status).toBe(418)
    expect(await record()).toMatchObject({
      http_response: { status_code: 418 },
      error: { type: 'RangeError', message: 'too hot' },
    })
  })
})

describe('Fastify records every scope', () => {
  test.each(['before', 'after'])('registered %s the plugins', async (order) => {
    const { app, audit, listen, records } = open()
    if (order === 'before') app.register(fastifyAudit, audit)
    app.get('/', async (request) => void request.auditLog.info('root'))
    for (const name of ['one', 'two']) {
      app.register(
        (scope, _options, done) => {
          scope.get('/', async (request) => void request.auditLog.info(name))
          scope.setNotFoundHandler((request, reply) => {
            request.auditLog.info(`nothing in ${name}`)
            reply.code(404).send()
          })
          done()
        },
        { prefix: `/${name}` },
      )
    }
    if (order === 'after') app.register(fastifyAudit, audit)
    const url = await listen()
    for (const path of ['/', '/one', '/two', '/one/none', '/none']) await fetch(`${url}${path}`)
    const found = await records(5)
    expect(found.map(({ message, http_response }) => [http_response?.status_code, message])).toEqual([
      [200, 'root'],
      [200, 'one'],
      [200, 'two'],
      [404, 'nothing in one'],
      [404, ''],
    ])
  })

  test('the URL is what the client asked for, also where the app rewrites it', async () => {
    const { app, audit, listen, record } = open({ rewriteUrl: () => '/new' })
    app.register(fastifyAudit, audit)
    app.get('/new', async () => 'new')
    const url = await listen()
    expect(await (await fetch(`${url}/old?a=1`)).text()).toBe('new')
    expect((await record()).http_request?.url).toBe(`${url}/old?a=1`)
  })

  test('both servers of localhost', async () => {
    const { app, audit, records } = open()
    app.register(fastifyAudit, audit)
    app.get('/', async () => 'here')
    await app.listen({ port: 0, host: 'localhost' })
    const urls = (app.addresses() as AddressInfo[]).map(({ address, family, port }) =>
      family === 'IPv6' ? `http://[${address}]:${port}/` : `http://${address}:${port}/`,
    )
    const addresses = [...new Set(urls)]
    for (const url of addresses) await fetch(url)
    await records(addresses.length)
  })
})

describe('Fastify finds the user', () => {
  test('that a hook put on the request after the audit log', async () => {
    const { app, audit, listen, record } = open()
    app.register(fastifyAudit, audit)
    app.decorateRequest('user', null)
    app.addHook(
      'preHandler',
      async (request) => void Object.assign(request, { user: { id: 'jane', roles: ['editor'] } }),
    )
    app.get('/', async (request) => (request as FastifyRequest & { user: { id: string } }).user.id)
    expect(await (await fetch(await listen())).text()).toBe('jane')
    expect((await record()).user).toMatchObject({ authenticated: true, id: 'jane', roles: ['editor'] })
  })

  test.each(['declared', 'undeclared'])('who logs out, %s', async (how) => {
    const { app, audit, listen, records } = open()
    app.register(fastifyAudit, audit)
    if (how === 'declared') app.decorateRequest('user', null)
    app.get('/', {
      preHandler: async (request) => void Object.assign(request, { user: { id: 'jane' } }),
      handler: async (request) => {
        Object.assign(request, { user: null })
        return Object.keys(request).includes('user')
      },
    })
    const url = await listen()
    expect(await (await fetch(url)).json()).toBe(true)
    expect(await (await fetch(url)).json()).toBe(true)
    for (const { user } of await records(2)) expect(user).toMatchObject({ authenticated: true, id: 'jane' })
  })

  test.each([null, undefined])('and leaves a request without one as the app declared it, %s', async (value) => {
    const { app, audit, listen, records } = open()
    app.register(fastifyAudit, audit)
    app.decorateRequest('user', value)
    app.get('/', async (request) => String((request as FastifyRequest & { user: unknown }).user))
    const url = await listen()
    for (let time = 0; time < 2; time++) expect(await (await fetch(url)).text()).toBe(String(value))
    for (const { user } of await records(2)) expect(user).toMatchObject({ authenticated: false })
  })

  test('with a function of the app, from the request of Fastify', async () => {
    const { app, audit, listen, record } = open({}, { userFromRequest: ({ params }) => params as { id: string } })
    app.register(fastifyAudit, audit)
    app.get('/:id', async () => 'here')
    await fetch(`${await listen()}/jane`)
    expect((await record()).user).toMatchObject({ authenticated: true, id: 'jane' })
  })

  test('whom isAuthenticated() does not vouch for to be nobody', async () => {
    const { app, audit, listen, record } = open()
    app.decorateRequest('isAuthenticated', () => false)
    app.register(fastifyAudit, audit)
    app.get('/', async (request) => void Object.assign(request, { user: { id: 'jane' } }))
    await fetch(await listen())
    expect((await record()).user).toMatchObject({ authenticated: false })
  })
})

describe('Fastify decides on the address by its own setting', () => {
  test.each([
    ['trusts a proxy', { trustProxy: 'loopback' }, {}, '203.0.113.7', []],
    ['trusts none', {}, {}, '127.0.0.1', ['PROXY_NOT_TRUSTED']],
    ['trusts all, but we do not', { trustProxy: true }, { trustedProxies: [] }, '127.0.0.1', []],
  ])('%s', async (_name, options, settings, ip, codes) => {
    const { app, audit, errors, listen, record } = open(options, settings)
    app.register(fastifyAudit, audit)
    await fetch(await listen(), { headers: { 'x-forwarded-for': '203.0.113.7' } })
    expect((await record()).user?.ip).toBe(ip)
    expect(errors.map(({ code }) => code)).toEqual(codes)
  })
})

describe('Fastify without a socket', () => {
  test('inject leaves one record, with the address that it was given', async () => {
    const { app, audit, record } = open()
    app.register(fastifyAudit, audit)
    app.post('/', async (request) => {
      request.auditLog.info('injected')
      return request.body
    })
    const { statusCode, body } = await app.inject({
      method: 'POST',
      url: '/?a=1',
      payload: { a: 1 },
      remoteAddress: '203.0.113.9',
    })
    expect([statusCode, body]).toEqual([200, '{"a":1}'])
    expect(await record()).toMatchObject({
      http_request: { method: 'POST', url: 'http://localhost:80/?a=1' },
      http_response: { status_code: 200, headers: { 'content-length': '7' } },
      user: { ip: '203.0.113.9' },
      outcome: 'success',
      message: 'injected',
    })
  })

  test('inject of nothing, of a failure, and of an answer without a body', async () => {
    const { app, audit, records } = open()
    app.register(fastifyAudit, audit)
    app.get('/fails', async () => Promise.reject(new Error('db down')))
    app.get('/empty', (_request, reply) => reply.code(204).send())
    for (const url of ['/none', '/fails', '/empty']) await app.inject(url)
    const found = await records(3)
    expect(found.map(({ http_response, error }) => [http_response?.status_code, error?.message])).toEqual([
      [404, undefined],
      [500, 'db down'],
      [204, undefined],
    ])
  })
})

describe('Fastify with WebSockets', () => {
  const handshake =
    'GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

  test.each([
    ['accepted', 101, 'success'],
    ['refused by a hook', 401, 'denied'],
  ])('a handshake that is %s leaves one record', async (how, status, outcome) => {
    const { app, audit, listen, record } = open()
    app.register(fastifyAudit, audit)
    app.register(websocket)
    app.addHook('preHandler', async (request, reply) => {
      Object.assign(request, { user: { id: 'jane' } })
      if (how !== 'accepted') await reply.code(401).send('no')
    })
    app.register((scope, _options, done) => {
      scope.get('/socket', { websocket: true }, (socket) => socket.send('hello'))
      done()
    })
    const client = await connectRaw(portOf(await listen()))
    client.send(handshake)
    await client.until((text) => text.includes(how === 'accepted' ? 'hello' : '\r\n\r\nno'))
    client.socket.destroy()
    expect(await record()).toMatchObject({
      http_request: { url: 'http://a/socket' },
      http_response: { status_code: status },
      user: { id: 'jane' },
      outcome,
    })
  })
})

describe('Fastify opens and closes an audit log', () => {
  test('of settings with the app', async () => {
    const sink = memorySink()
    const app = fastify()
    app.register(fastifyAudit, { loggerName: 'of an app', logHandler: sink })
    await app.inject('/')
    await app.close()
    expect(sink.records).toHaveLength(1)
    // The name is free again.
    const again = fastify()
    again.register(fastifyAudit, { loggerName: 'of an app', logHandler: memorySink() })
    await again.ready()
    await again.close()
  })

  test('but leaves open one that was given', async () => {
    const { app, audit, records } = open()
    app.register(fastifyAudit, audit)
    await app.ready()
    await app.close()
    await audit.logger().info('still open').sendLog()
    await records(1)
  })

  test('and does not start with faulty settings', async () => {
    const app = fastify()
    app.register(fastifyAudit, { exemptUrls: 'none' } as never)
    await expect(app.ready()).rejects.toMatchObject({ code: 'SETTINGS_INVALID' })
  })
})

describe('Fastify runs in the scope of the request', () => {
  test('its hooks, its handlers and the streams that they send', async () => {
    const { app, audit, listen, records } = open()
    const say = (place: string): void => void audit.current().event().info(place).sendLog()
    app.register(fastifyAudit, audit)
    app.addHook('preHandler', async () => say('preHandler'))
    app.addHook('onSend', async () => say('onSend'))
    app.post('/', (_request, reply) => {
      const stream = Readable.from([Buffer.from('a'), Buffer.from('b')])
      stream.on('end', () => say('end of the stream'))
      return reply.send(stream)
    })
    const headers = { 'content-type': 'application/json' }
    expect(await (await fetch(await listen(), { method: 'POST', body: '{"a":1}', headers })).text()).toBe('ab')
    const found = await records(4)
    const { id } = found.find(({ kind }) => kind === undefined) as AuditRecord
    const events = found.filter(({ kind }) => kind === 'event')
    expect(events.map(({ message }) => message)).toEqual(['preHandler', 'onSend', 'end of the stream'])
    expect(new Set(events.map(({ exchange }) => exchange))).toEqual(new Set([id]))
  })

  test.each(['before', 'after'])('compression, registered %s the audit log', async (order) => {
    const { app, audit, listen, record } = open()
    if (order === 'before') app.register(compress, { threshold: 0 })
    app.register(fastifyAudit, audit)
    if (order === 'after') app.register(compress, { threshold: 0 })
    app.after(() => app.get('/', async () => ({ text: 'compressible '.repeat(1_000) })))
    const answered = await fetch(await listen(), { headers: { 'accept-encoding': 'gzip' } })
    expect(((await answered.json()) as { text: string }).text).toHaveLength(13_000)
    expect(await record()).toMatchObject({
      http_response: { headers: { 'content-encoding': 'gzip' } },
      outcome: 'success',
    })
  })

  test('a client that leaves before a handler answers', async () => {
    const { app, audit, listen, record } = open()
    app.register(fastifyAudit, audit)
    let left = (): void => undefined
    const gone = new Promise<void>((resolve) => (left = resolve))
    const entered = new Promise<void>((resolve) => {
      app.get('/', async (request) => {
        resolve()
        request.raw.socket.once('close', () => left())
        await gone
        return 'too late'
      })
    })
    const socket = connect(portOf(await listen()), '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await entered
    socket.destroy()
    expect(await record()).toMatchObject({ http_response: { status_code: null }, outcome: 'aborted' })
  })
})

test('a trust function of Fastify that throws decides nothing, and loses no record', async () => {
  const trustProxy = (): boolean => {
    throw new Error('no list of proxies yet')
  }
  const { app, audit, errors, listen, record } = open({ trustProxy })
  app.register(fastifyAudit, audit)
  app.get('/bicycles', async () => [])
  await fetch(`${await listen()}/bicycles`, { headers: { 'x-forwarded-for': '203.0.113.7' } })
  expect(await record()).toMatchObject({ user: { ip: '127.0.0.1' }, http_response: { status_code: 200 } })
  expect(errors.map(({ code }) => code)).toEqual(['PROXY_NOT_TRUSTED'])
  expect(audit.health().counters.lost).toBe(0)
})

test('Fastify and its server, both attached, leave one record', async () => {
  const { app, audit, listen, record } = open({ trustProxy: true })
  app.register(fastifyAudit, audit)
  nodeAudit(audit).attach(app.server)
  app.get('/', async (request) => void request.auditLog.info('once'))
  await fetch(await listen(), { headers: { 'x-forwarded-for': '203.0.113.7' } })
  expect(await record()).toMatchObject({ message: 'once', user: { ip: '203.0.113.7' } })
})

test('Fastify has a logger that does nothing where nothing is recorded', async () => {
  const { app, audit, listen, records } = open({}, { exemptUrls: ['^/health$'] })
  app.register(fastifyAudit, audit)
  app.get('/health', async (request) => String(request.auditLog.info('unheard') === request.auditLog))
  expect(await (await fetch(`${await listen()}/health`)).text()).toBe('true')
  await records(0)
})
