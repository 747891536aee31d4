import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import { connectRaw } from '../../support/raw-client.ts'
import { ask, openSession } from './client.ts'
import { type Mount, type Quirks, type RawHandler, type Started, start } from './harness.ts'

/** A client that leaves: it has sent its request, and goes when it is told. */
async function leavingClient(
  app: Started,
  quirks: Quirks,
  path: string,
): Promise<{ leave(): void; received: Promise<unknown> }> {
  if (quirks.protocol === 'http2') {
    const session = await openSession(app)
    const stream = session.request({ ':path': path })
    stream.on('error', () => undefined)
    return { leave: () => stream.close(8), received: new Promise((resolve) => stream.once('data', resolve)) }
  }
  const client = await connectRaw({ port: app.port, tls: quirks.tls === true })
  client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
  const received = client.until((text) => text.includes('part')).catch(() => undefined)
  return { leave: () => client.socket.destroy(), received }
}

/** Headers of a record, as the client would list them. */
const listed = (headers: Readonly<Record<string, string | readonly string[]>>): unknown =>
  Object.entries(headers)
    .flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}`))
    .sort()

export function endings(mount: Mount, quirks: Quirks): void {
  const begin = (options: Parameters<typeof start>[1] = {}): Promise<Started> => start(mount, options)
  const reading = (path: string, asking?: Parameters<typeof ask>[3]) => async (app: Started) =>
    ask(app, quirks, path, asking)

  describe('an answer leaves one record', () => {
    test('with what was asked and what was sent', async () => {
      const app = await begin()
      const answered = await ask(app, quirks, '/text?q=1', { headers: { 'user-agent': 'tester/1' } })
      expect(answered).toMatchObject({ status: 200, body: 'hello' })
      const scheme = quirks.tls === true ? 'https' : 'http'
      expect(await app.record()).toMatchObject({
        http_request: { method: 'GET', url: `${scheme}://127.0.0.1:${app.port}/text?q=1`, user_agent: 'tester/1' },
        http_response: { status_code: 200, reason: 'OK' },
        user: { authenticated: false, roles: [], ip: '127.0.0.1' },
        outcome: 'success',
        type: 'INFO',
        message: '',
      })
    })

    test.each<[string, number, string, string]>([
      ['/status/204', 204, 'No Content', 'success'],
      ['/status/401', 401, 'Unauthorized', 'denied'],
      ['/status/403', 403, 'Forbidden', 'denied'],
      ['/status/500', 500, 'Internal Server Error', 'failure'],
      ['/nowhere', 404, 'Not Found', 'failure'],
      ['/teapot', 418, "I'm a teapot", 'failure'],
    ])('%s: %i', async (path, status, phrase, outcome) => {
      const app = await begin()
      expect(await ask(app, quirks, path)).toMatchObject({ status })
      const { http_response, outcome: recorded } = await app.record()
      expect(http_response).toMatchObject({ status_code: status })
      expect(http_response?.reason?.toLowerCase()).toBe(phrase.toLowerCase())
      expect(recorded).toBe(outcome)
    })

    test.each(['/throw', '/reject'])('%s: with the error that the framework answered', async (path) => {
      const app = await begin()
      const { status } = await ask(app, quirks, path)
      expect(status).toBe(500)
      const record = await app.record()
      expect(record).toMatchObject({ http_response: { status_code: 500 }, outcome: 'failure' })
      if (quirks.keepsErrors === true) expect(record.error).toEqual({ type: 'Error', message: 'db down' })
      else expect(record.error).toBeUndefined()
    })

    test.each<[string, ReturnType<typeof reading>, number, string]>([
      ['HEAD', reading('/text', { method: 'HEAD' }), 200, 'HEAD'],
      ['a conditional GET', reading('/etag', { headers: { 'if-none-match': '"a"' } }), 304, 'GET'],
      ['a fresh GET', reading('/etag'), 200, 'GET'],
      ['a framework that answers OPTIONS', reading('/text', { method: 'OPTIONS' }), 0, 'OPTIONS'],
    ])('%s', async (_name, asking, status, method) => {
      const app = await begin()
      const answered = await asking(app)
      if (status !== 0) expect(answered.status).toBe(status)
      expect(await app.record()).toMatchObject({
        http_request: { method },
        http_response: { status_code: answered.status },
      })
    })

    test.each(['/text', '/cookies', '/nowhere', '/etag', '/throw', '/status/204'])(
      '%s: with the very headers that the client got',
      async (path) => {
        const app = await begin({ settings: { redact: { mode: 'replace', headers: [] } } })
        const { headers } = await ask(app, quirks, path)
        const record = await app.record()
        expect(listed(record.http_response?.headers ?? {})).toEqual(
          headers.map(([name, value]) => `${name}: ${value}`).sort(),
        )
      },
    )

    test('cookies are a list, and redacted', async () => {
      const app = await begin()
      await ask(app, quirks, '/cookies')
      expect((await app.record()).http_response?.headers['set-cookie']).toEqual(['REDACTED', 'REDACTED'])
    })

    test('the status is the final one where hints went before', async () => {
      const app = await begin({
        raw: (_req, res) => {
          res.writeEarlyHints({ link: '</a.css>; rel=preload' })
          res.statusCode = 204
          setImmediate(() => res.end())
        },
      })
      expect(await ask(app, quirks, '/raw/hints')).toMatchObject({ status: 204 })
      expect(await app.record()).toMatchObject({ http_response: { status_code: 204 }, outcome: 'success' })
    })
  })

  describe('an answer that is not complete leaves one record', () => {
    const part: RawHandler = (_req, res) => res.write('part')

    test('the client leaves before the answer', async () => {
      const app = await begin({ raw: () => undefined })
      const client = await leavingClient(app, quirks, '/raw/hang')
      await app.entered()
      client.leave()
      expect(await app.record()).toMatchObject({
        http_response: { status_code: null, reason: null, headers: {} },
        outcome: 'aborted',
      })
    })

    test('the client leaves before the answer, and the handler answers nobody', async () => {
      const app = await begin({ raw: (_req, res) => void res.on('close', () => setImmediate(() => res.end('late'))) })
      const client = await leavingClient(app, quirks, '/raw/late')
      await app.entered()
      client.leave()
      expect(await app.record()).toMatchObject({ http_response: { status_code: null }, outcome: 'aborted' })
    })

    test('the client leaves during the answer', async () => {
      const app = await begin({ raw: part })
      const client = await leavingClient(app, quirks, '/raw/part')
      await client.received
      client.leave()
      expect(await app.record()).toMatchObject({ http_response: { status_code: 200 }, outcome: 'aborted' })
    })

    test('the client leaves during a large answer', async () => {
      const app = await begin({
        raw: (_req, res) => void pipeline(Readable.from(parts(), { objectMode: false }), res).catch(() => undefined),
      })
      const client = await leavingClient(app, quirks, '/raw/large')
      await client.received
      client.leave()
      expect(await app.record()).toMatchObject({ http_response: { status_code: 200 }, outcome: 'aborted' })
    })

    test('the client leaves after the answer', async () => {
      const app = await begin({ raw: (_req, res) => void res.end('part') })
      const client = await leavingClient(app, quirks, '/raw/whole')
      await client.received
      client.leave()
      expect(await app.record()).toMatchObject({ http_response: { status_code: 200 }, outcome: 'success' })
    })

    test('the server gives up before the answer', async () => {
      const app = await begin({ raw: (_req, res) => void setImmediate(() => res.destroy()) })
      await expect(ask(app, quirks, '/raw/destroy'))
        .resolves.toMatchObject({ status: Number.NaN })
        .catch(() => undefined)
      expect(await app.record()).toMatchObject({ http_response: { status_code: null }, outcome: 'failure' })
    })

    test('the server gives up during the answer', async () => {
      const app = await begin({
        raw: (_req, res) => {
          res.write('part')
          setTimeout(() => res.destroy(), 5)
        },
      })
      await ask(app, quirks, '/raw/destroy').catch(() => undefined)
      expect(await app.record()).toMatchObject({ http_response: { status_code: 200 }, outcome: 'failure' })
    })

    test('what the answer is read from fails after the head', async () => {
      const app = await begin({
        raw: (_req, res) => {
          res.write('part')
          setImmediate(() => {
            pipeline(createReadStream('/nowhere/at/all'), res).catch(() => undefined)
          })
        },
      })
      await ask(app, quirks, '/raw/broken').catch(() => undefined)
      expect(await app.record()).toMatchObject({ http_response: { status_code: 200 }, outcome: 'failure' })
    })

    test('the server closes all connections while a handler hangs', async () => {
      const app = await begin({ raw: () => undefined })
      const client = await leavingClient(app, quirks, '/raw/hang')
      await app.entered()
      await app.close()
      expect(await app.record()).toMatchObject({ http_response: { status_code: null }, outcome: 'failure' })
      client.leave()
    })

    test('the audit log closes while a handler hangs', async () => {
      const app = await begin({ raw: part, settings: { closeTimeoutMs: 1_000 } })
      const client = await leavingClient(app, quirks, '/raw/hang')
      await client.received
      await app.audit.close()
      expect(await app.record()).toMatchObject({ http_response: { status_code: 200 }, outcome: 'failure' })
      client.leave()
    })
  })
}

function* parts(): Generator<string> {
  for (let size = 0; size < 20_000_000; size += 50_000) yield 'part'.repeat(12_500)
}
