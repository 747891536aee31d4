import type { Server } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { AuditRecord } from '../../../src/record/record.ts'
import { connectRaw, type RawClient } from '../../support/raw-client.ts'
import { type Mount, type Quirks, type RawHandler, type Started, start } from './harness.ts'

const get = (path: string, ...lines: string[]): string =>
  [`GET ${path} HTTP/1.1`, 'Host: a', ...lines, '', ''].join('\r\n')
const paths = (records: readonly AuditRecord[]): readonly unknown[] =>
  records.map(({ http_request }) => http_request?.url?.replace(/^https?:\/\/a/, ''))

/** What only HTTP/1 knows: raw bytes, connections that carry one request after another. */
export function overHttp1(mount: Mount, quirks: Quirks): void {
  const begin = (options: Parameters<typeof start>[1] = {}): Promise<Started> => start(mount, options)
  const dial = (app: Started): Promise<RawClient> => connectRaw({ port: app.port, tls: quirks.tls === true })

  describe('one connection', () => {
    test('1000 requests one after another leave 1000 records', async () => {
      const app = await begin({ raw: (req, res) => res.end(`answer ${req.url?.split('/').at(-1)}`) })
      const client = await dial(app)
      for (let turn = 1; turn <= 1000; turn++) {
        client.send(get(`/raw/${turn}`))
        await client.until((text) => text.endsWith(`answer ${turn}`))
      }
      client.socket.destroy()
      const records = await app.records(1000)
      expect(paths(records)).toEqual(Array.from({ length: 1000 }, (_, index) => `/raw/${index + 1}`))
      expect(new Set(records.map(({ id }) => id)).size).toBe(1000)
    }, 300_000)

    test('200 pipelined requests with answers in any order of time leave 200 records, each its own', async () => {
      const app = await begin({
        raw: (req, res) => {
          const turn = Number(req.url?.split('/').at(-1))
          setTimeout(
            () => {
              res.statusCode = 200 + (turn % 3)
              res.end(`answer ${turn}`)
            },
            (turn * 7919) % 23,
          )
        },
      })
      const client = await dial(app)
      const turns = Array.from({ length: 200 }, (_, turn) => turn)
      client.send(turns.map((turn) => get(`/raw/${turn}`)).join(''))
      await client.responses(turns.map(() => 'GET'))
      client.socket.destroy()
      const records = await app.records(200)
      expect(records.map(({ outcome }) => outcome)).toEqual(turns.map(() => 'success'))
      expect(paths(records)).toEqual(turns.map((turn) => `/raw/${turn}`))
      expect(records.map(({ http_response }) => http_response?.status_code)).toEqual(
        turns.map((turn) => 200 + (turn % 3)),
      )
    })

    test('50 pipelined requests that were never answered leave 50 records when the connection dies', async () => {
      const app = await begin({ raw: () => undefined })
      const client = await dial(app)
      client.send(Array.from({ length: 50 }, (_, turn) => get(`/raw/${turn}`)).join(''))
      await app.entered(50)
      client.socket.destroy()
      const records = await app.records(50)
      expect(new Set(paths(records)).size).toBe(50)
      for (const record of records) {
        expect(record).toMatchObject({ http_response: { status_code: null }, outcome: 'aborted' })
      }
    })

    test('what is answered behind an unanswered request was never sent', async () => {
      const app = await begin({ raw: (req, res) => req.url?.endsWith('second') && res.end('ready') })
      const client = await dial(app)
      client.send(get('/raw/first') + get('/raw/second'))
      await app.entered(2)
      client.socket.destroy()
      for (const record of await app.records(2)) {
        expect(record).toMatchObject({ http_response: { status_code: null }, outcome: 'aborted' })
      }
    })
  })

  describe('rare requests', () => {
    test.skipIf(quirks.refusesAsterisk)('OPTIONS * is recorded as asked for', async () => {
      const app = await begin()
      const client = await dial(app)
      client.send('OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      const [answered] = await client.responses(['OPTIONS'])
      expect(await app.record()).toMatchObject({
        http_request: { method: 'OPTIONS', url: '*' },
        http_response: { status_code: answered?.status },
      })
    })

    test('Expect: 100-continue is answered, and the status is the final one', async () => {
      const app = await begin({
        raw: (req, res) => {
          req.resume()
          req.on('end', () => res.end('got it'))
        },
      })
      const client = await dial(app)
      client.send('POST /raw/x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n')
      await client.until((text) => text.includes('100 Continue\r\n\r\n'))
      client.send('data')
      expect((await client.responses(['POST'])).map(({ status }) => status)).toEqual([100, 200])
      expect(await app.record()).toMatchObject({ http_response: { status_code: 200 }, outcome: 'success' })
    })

    test('a client that closes its side at once, and gets its answer, has it', async () => {
      if (quirks.tls === true) return
      const app = await begin({ raw: (_req, res) => void res.end('part') })
      const client = await dial(app)
      client.socket.end(get('/raw/x', 'Connection: close'))
      await client.closed
      expect(client.received()).toContain('part')
      expect(await app.record()).toMatchObject({
        http_request: { method: 'GET', url: 'http://a/raw/x' },
        http_response: { status_code: 200 },
        user: { ip: '127.0.0.1' },
        outcome: 'success',
      })
    })

    test('a half-closed client that waits for its answer gets it', async () => {
      if (quirks.tls === true) return
      const app = await begin({
        raw: (req, res) => void req.socket.once('end', () => setTimeout(() => res.end('part'), 5)),
      })
      ;(app.server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true
      const client = await dial(app)
      client.socket.end(get('/raw/x'))
      await client.closed
      expect(client.received()).toContain('part')
      expect(await app.record()).toMatchObject({ http_response: { status_code: 200 }, outcome: 'success' })
    })

    test('an upload that is cut off leaves one record', async () => {
      const app = await begin({ raw: (req) => void req.resume() })
      const client = await dial(app)
      client.send('POST /raw/x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n0123456789')
      await app.entered()
      client.socket.destroy()
      expect(await app.record()).toMatchObject({ http_response: { status_code: null }, outcome: 'aborted' })
    })

    test('an upload that is malformed leaves one record', async () => {
      const app = await begin({ raw: (req) => void req.resume() })
      const client = await dial(app)
      client.send('POST /raw/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ndata\r\n')
      await app.entered()
      client.send('no size\r\n')
      await client.closed
      const record = await app.record()
      expect(record.http_request).toMatchObject({ method: 'POST', url: expect.stringContaining('/raw/x') })
      expect(record.outcome).toBe('failure')
    })

    test('a server that waits no longer ended it, not the client', async () => {
      const app = await begin({ raw: (req) => void req.socket.setTimeout(30) })
      const client = await dial(app)
      client.send(get('/raw/x'))
      await client.closed
      expect(await app.record()).toMatchObject({ http_response: { status_code: null }, outcome: 'failure' })
    })

    test('a server that waits no longer during the answer ended it', async () => {
      const app = await begin({
        raw(req, res) {
          res.write('part')
          req.socket.setTimeout(30)
        },
      })
      const client = await dial(app)
      client.send(get('/raw/x'))
      await client.closed
      expect(await app.record()).toMatchObject({ http_response: { status_code: 200 }, outcome: 'failure' })
    })

    test('a keep-alive connection that the client resets after its answer changes nothing', async () => {
      const app = await begin()
      const client = await dial(app)
      client.send(get('/text'))
      await client.responses(['GET'])
      client.reset()
      expect(await app.record()).toMatchObject({ http_response: { status_code: 200 }, outcome: 'success' })
    })
  })

  describe('reason phrases and heads are those that were sent', () => {
    test.each<[string, string, RawHandler]>([
      [
        'writeHead(status, reason, headers)',
        'Made It',
        (_req, res) => res.writeHead(201, 'Made It', { 'x-a': '1' }).end(),
      ],
      [
        'writeHead(status, undefined, headers)',
        'Created',
        (_req, res) => res.writeHead(201, undefined, { 'x-a': '1' }).end(),
      ],
      ['writeHead(status, array)', 'Created', (_req, res) => res.writeHead(201, ['x-a', '1']).end()],
      ['writeHead(status, headers)', 'Created', (_req, res) => res.writeHead(201, { 'x-a': '1' }).end()],
      [
        'writeHead after setHeader',
        'Created',
        (_req, res) => {
          res.setHeader('x-a', '0')
          res.writeHead(201, { 'x-a': '1' }).end()
        },
      ],
      [
        'statusMessage',
        'Done So',
        (_req, res) => {
          res.statusMessage = 'Done So'
          res.statusCode = 201
          res.setHeader('x-a', '1')
          res.end()
        },
      ],
      [
        'flushHeaders',
        'Created',
        (_req, res) => {
          res.statusCode = 201
          res.setHeader('X-A', '1')
          res.flushHeaders()
          setImmediate(() => res.end('x'))
        },
      ],
    ])('%s', async (_name, reason, raw) => {
      const app = await begin({ raw })
      const client = await dial(app)
      client.send(get('/raw/x'))
      const [answered] = await client.responses(['GET'])
      expect(answered?.head).toContain(`HTTP/1.1 201 ${reason}\r\n`)
      expect((await app.record()).http_response).toMatchObject({ status_code: 201, reason, headers: { 'x-a': '1' } })
    })

    test('a status without a standard phrase, and an empty phrase', async () => {
      const app = await begin({ raw: (_req, res) => res.writeHead(299, '').end() })
      const client = await dial(app)
      client.send(get('/raw/x'))
      await client.responses(['GET'])
      expect((await app.record()).http_response).toMatchObject({ status_code: 299, reason: expect.any(String) })
    })

    test('what is set after the head was sent is not what was sent', async () => {
      const app = await begin({
        raw: (_req, res) => {
          res.write('part')
          res.statusCode = 500
          res.statusMessage = 'Too Late'
          res.end()
        },
      })
      const client = await dial(app)
      client.send(get('/raw/x'))
      await client.responses(['GET'])
      expect((await app.record()).http_response).toMatchObject({ status_code: 200, reason: 'OK' })
    })
  })
}
