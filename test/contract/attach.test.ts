import http, { type ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { nodeAudit } from '../../src/adapters/node.ts'
import type { AuditRecord } from '../../src/record/record.ts'
import { connectRaw, type RawClient, withoutDate } from '../support/raw-client.ts'
import { openAudit } from './adapter/harness.ts'
import { adapterContract } from './adapter.ts'
import { mountExpress } from './express-app.ts'
import { mountNode, serve } from './node-app.ts'

const quirks = { row: '`attach(server)`', shortensNested: true }

adapterContract('attach(server)', mountNode({ kind: 'http', wraps: false, attaches: true }), quirks)
adapterContract('attach(server) and a wrapped handler', mountNode({ kind: 'http', attaches: true }), quirks)
adapterContract('attach(server) with serverOptions', mountNode({ kind: 'http', attaches: true, serverOptions: true }), {
  ...quirks,
  listensToSockets: true,
})
adapterContract('attach(server) on HTTP/2', mountNode({ kind: 'h2c', wraps: false, attaches: true }), {
  ...quirks,
  protocol: 'http2',
})
adapterContract(
  'attach(server) around Express',
  async (options) => {
    const mounted = await mountExpress(5)(options)
    for (const audit of options.audits) nodeAudit(audit).attach(mounted.server)
    return mounted
  },
  { ...quirks, keepsErrors: true },
)

interface Way {
  readonly options?: http.ServerOptions
  /** More of the app: its own listeners. */
  readonly app?: (server: http.Server, seen: unknown[]) => void
  /** How the audit log stands on the server. */
  readonly serverOptions?: boolean
  /** The handler answers at a later time. */
  readonly late?: boolean
  /** What a client does; resolves when its connection is done. */
  readonly client: (client: RawClient) => unknown
}

interface Outcome {
  readonly bytes: string
  /** What the app itself saw. */
  readonly seen: readonly unknown[]
  readonly records: readonly AuditRecord[]
}

/** Runs a server with or without griffier attached, and a client that asks it something rare. */
async function look(way: Way, audited: boolean): Promise<Outcome> {
  const { audit, sink } = openAudit()
  const audits = nodeAudit(audit)
  const seen: unknown[] = []
  const options = { ...way.options, ...(audited && way.serverOptions ? audits.serverOptions : {}) }
  const server = http.createServer(options as http.ServerOptions, (_req: unknown, res: ServerResponse) => {
    seen.push('request')
    if (way.late === true) setTimeout(() => res.end('hello'), 10)
    else res.end('hello')
  })
  way.app?.(server, seen)
  if (audited) audits.attach(server)
  const mounted = await serve(server)
  onTestFinished(mounted.close)
  const client = await connectRaw(mounted.port)
  await Promise.all([client.closed, way.client(client)])
  await mounted.close()
  await audit.close()
  return { bytes: withoutDate(client.received()), seen, records: sink.records }
}

/** What griffier adds must show nowhere; the records of the run with it. */
async function recordsOf(way: Way): Promise<{ records: readonly AuditRecord[]; bytes: string }> {
  const bare = await look(way, false)
  const audited = await look(way, true)
  expect(audited.bytes).toBe(bare.bytes)
  expect(audited.seen).toEqual(bare.seen)
  return audited
}

const sends = (text: string) => (client: RawClient) => client.send(text)
const upgrade = 'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'

describe('a server with attach records what reaches no handler, and changes nothing:', () => {
  test('a request line that is none', async () => {
    const { records, bytes } = await recordsOf({ client: sends('GET /a b HTTP/1.1\r\nHost: a\r\n\r\n') })
    expect(bytes).toMatch(/^HTTP\/1.1 400 Bad Request/)
    expect(records).toMatchObject([
      {
        http_request: { method: 'GET', user_agent: null },
        http_response: { status_code: 400, reason: 'Bad Request', headers: { connection: 'close' } },
        user: { authenticated: false, ip: '127.0.0.1' },
        outcome: 'failure',
        error: { type: expect.stringMatching(/^HPE_/) },
      },
    ])
  })

  test('bytes that are no HTTP', async () => {
    const { records } = await recordsOf({ client: sends('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03') })
    expect(records).toMatchObject([{ http_request: { method: null, url: null }, http_response: { status_code: 400 } }])
  })

  test('a head that is too large', async () => {
    const { records, bytes } = await recordsOf({
      client: sends(`GET /large HTTP/1.1\r\nHost: a\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`),
    })
    expect(bytes).toMatch(/^HTTP\/1.1 431 /)
    expect(records).toMatchObject([
      { http_response: { status_code: 431, reason: 'Request Header Fields Too Large' }, outcome: 'failure' },
    ])
  })

  test('a head that takes too long', async () => {
    const { records, bytes } = await recordsOf({
      // Long enough for a client that has just connected to send what it has, on a machine that is busy.
      options: { headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 10 },
      client: sends('GET /slow HTTP/1.1\r\nHost: a\r\n'),
    })
    expect(bytes).toMatch(/^HTTP\/1.1 408 /)
    expect(records).toMatchObject([{ http_response: { status_code: 408 }, outcome: 'failure' }])
  })

  test('a refusal that follows an answered request on its connection', async () => {
    const { records } = await recordsOf({
      async client(client) {
        client.send('GET /good HTTP/1.1\r\nHost: a\r\n\r\n')
        await client.until((text) => text.includes('hello'))
        client.send('GET /a b HTTP/1.1\r\nHost: a\r\n\r\n')
      },
    })
    expect(records.map(({ http_response }) => http_response?.status_code)).toEqual([200, 400])
  })

  test("what the app's own clientError listener answers", async () => {
    const { records, bytes } = await recordsOf({
      app: (server, seen) =>
        server.on('clientError', (error: Error & { code?: string }, socket) => {
          seen.push(error.code)
          socket.end('HTTP/1.1 422 Not That\r\nX-Own: yes\r\n\r\n')
        }),
      client: sends('GET /a b HTTP/1.1\r\nHost: a\r\n\r\n'),
    })
    expect(bytes).toContain('422 Not That')
    expect(records).toMatchObject([
      { http_response: { status_code: 422, reason: 'Not That', headers: { 'x-own': 'yes' } }, outcome: 'failure' },
    ])
  })

  test("what the app's own clientError listener cuts", async () => {
    const { records } = await recordsOf({
      app: (server) => server.on('clientError', (_error, socket) => socket.destroy()),
      client: sends('GET /a b HTTP/1.1\r\nHost: a\r\n\r\n'),
    })
    expect(records).toMatchObject([{ http_response: { status_code: null }, outcome: 'failure' }])
  })

  test('nobody who connects and leaves without a word', async () => {
    const { records } = await recordsOf({ client: (client) => client.socket.end() })
    expect(records).toEqual([])
  })

  test('an upgrade that the app accepts', async () => {
    const { records } = await recordsOf({
      app: (server) =>
        server.on('upgrade', (_req, socket: Socket) => {
          socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n')
          socket.end('welcome')
        }),
      client: sends(upgrade),
    })
    expect(records).toMatchObject([
      {
        http_request: { method: 'GET', url: 'http://a/chat' },
        http_response: { status_code: 101, reason: 'Switching Protocols', headers: { upgrade: 'echo' } },
        outcome: 'success',
      },
    ])
  })

  test('an upgrade that the app refuses', async () => {
    const { records } = await recordsOf({
      app: (server) =>
        server.on('upgrade', (_req, socket: Socket) =>
          socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n'),
        ),
      client: sends(upgrade),
    })
    expect(records).toMatchObject([{ http_response: { status_code: 401 }, outcome: 'denied' }])
  })

  test('an upgrade that the app drops', async () => {
    const { records } = await recordsOf({
      app: (server) => server.on('upgrade', (_req, socket: Socket) => socket.destroy()),
      client: sends(upgrade),
    })
    expect(records).toMatchObject([{ http_response: { status_code: null }, outcome: 'failure' }])
  })

  test('an upgrade that nobody listens for is a plain request', async () => {
    const { records } = await recordsOf({
      async client(client) {
        client.send(upgrade)
        await client.until((text) => text.includes('hello'))
        client.socket.end()
      },
    })
    expect(records).toMatchObject([{ http_response: { status_code: 200 }, outcome: 'success' }])
  })

  test('CONNECT that the app tunnels; where nobody listens, Node cuts it and tells nobody', async () => {
    const tunnel = 'CONNECT target.test:443 HTTP/1.1\r\nHost: target.test:443\r\n\r\n'
    const { records } = await recordsOf({
      app: (server) =>
        server.on('connect', (_req, socket: Socket) => socket.end('HTTP/1.1 200 Connection Established\r\n\r\n')),
      client: sends(tunnel),
    })
    expect(records).toMatchObject([
      { http_request: { method: 'CONNECT', url: 'target.test:443' }, http_response: { status_code: 200 } },
    ])
    const alone = await recordsOf({ client: sends(tunnel) })
    expect(alone.records).toEqual([])
  })

  test('a request beyond maxRequestsPerSocket', async () => {
    const { records } = await recordsOf({
      app: (server) => {
        server.maxRequestsPerSocket = 1
      },
      late: true,
      async client(client) {
        client.send('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n')
        await client.until((text) => text.includes('503 Service Unavailable'))
        client.socket.end()
      },
    })
    const ended = records.map(({ http_request, http_response }) => [http_request?.url, http_response?.status_code])
    expect(ended.sort()).toEqual([
      ['http://a/1', 200],
      ['http://a/2', 503],
    ])
  })

  test('an expectation that the app judges', async () => {
    const { records } = await recordsOf({
      app: (server) => server.on('checkExpectation', (_req, res) => res.writeHead(417).end()),
      client: sends('GET /x HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nConnection: close\r\n\r\n'),
    })
    expect(records).toMatchObject([{ http_response: { status_code: 417 }, outcome: 'failure' }])
  })

  test('100-continue that the app judges', async () => {
    const { records } = await recordsOf({
      app: (server) => server.on('checkContinue', (_req, res) => res.writeHead(413, { connection: 'close' }).end()),
      client: sends('POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n'),
    })
    expect(records).toMatchObject([{ http_response: { status_code: 413 }, outcome: 'failure' }])
  })
})

describe('with serverOptions, what no event tells of is recorded too:', () => {
  const cases: Record<string, [request: string, status: number]> = {
    'a request without a Host': ['GET /x HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    'an expectation that fails': ['GET /x HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nConnection: close\r\n\r\n', 417],
  }
  test.each(Object.entries(cases))('%s', async (_name, [request, status]) => {
    const { records } = await recordsOf({ serverOptions: true, client: sends(request) })
    expect(records).toMatchObject([{ http_request: { method: 'GET' }, http_response: { status_code: status } }])
    const unseen = await recordsOf({ client: sends(request) })
    expect(unseen.records).toEqual([])
  })
})

test('a server is listened to no more than before', () => {
  const server: Server = http.createServer()
  const before = server.eventNames().map((name) => [name, server.listenerCount(name)])
  const { audit } = openAudit()
  onTestFinished(() => audit.close())
  expect(nodeAudit(audit).attach(server)).toBe(server)
  expect(server.eventNames().map((name) => [name, server.listenerCount(name)])).toEqual(before)
})
