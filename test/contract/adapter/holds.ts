import { describe, expect, test } from 'vitest'
import type { AuditLog } from '../../../src/audit-log/audit-log.ts'
import type { Settings } from '../../../src/audit-log/settings.ts'
import { connectHttp2, request } from '../../support/http2-client.ts'
import { connectRaw, parseResponses, withoutDate } from '../../support/raw-client.ts'
import { aWhile } from '../../support/time.ts'
import { askWaiting, openSession } from './client.ts'
import { type Commit, createCommit } from './commit.ts'
import { rawRequest, see, waysOf } from './harmless.ts'
import { type Mount, type Quirks, type Started, start } from './harness.ts'

const held = (audit: AuditLog): number => audit.health().held

/** Responses that wait until their record is safe. */
export function holds(mount: Mount, quirks: Quirks): void {
  const begin = (commit: Commit, options: Parameters<typeof start>[1] = {}): Promise<Started> =>
    start(mount, { ...options, trail: commit.trail })
  const isHttp2 = quirks.protocol === 'http2'
  const tls = quirks.tls === true

  describe('a response that is held until its record is safe', () => {
    test('is complete nowhere after 300 ms, whatever way it was made', async () => {
      const ways = waysOf(quirks)
      const commit = createCommit()
      const app = await begin(commit, {
        raw(req, res) {
          res.on('error', () => undefined)
          ways[Number(/\d+/.exec(req.url ?? '')?.[0])]?.answer(req, res, () => undefined)
        },
      })
      const clients = await Promise.all(
        ways.map(async (way, index) => {
          const path = `/raw/${index}`
          if (!isHttp2) {
            const client = await connectRaw({ port: app.port, tls })
            client.send(rawRequest(way, path))
            const complete = (): boolean =>
              parseResponses(client.received(), [way.method ?? 'GET'], client.socket.readableEnded).some(
                ({ status, isComplete }) => status >= 200 && isComplete,
              )
            return { way, complete, early: () => client.received(), leave: client.reset }
          }
          const session = tls ? await openSession(app) : await connectHttp2(app.port)
          const { method = 'GET', headers, body } = way
          const got = request(session, { ':method': method, ':path': path, ...headers }, body)
          return { way, complete: got.isComplete, early: got.body, leave: () => session.destroy() }
        }),
      )
      await commit.asked(ways.length)
      await aWhile(300)
      expect(held(app.audit)).toBe(ways.length)
      for (const { way, complete, early } of clients) {
        expect(complete(), way.name).toBe(false)
        if (way.early !== undefined) expect(early(), way.name).toContain(way.early)
      }
      for (const { leave } of clients) leave()
      await commit.asked(2 * ways.length)
      expect(held(app.audit)).toBe(0)
      expect(commit.amendments()).toHaveLength(ways.length)
      commit.release()
    })

    test.runIf(!isHttp2 && !tls)('reaches a client that has closed its own side meanwhile', async () => {
      const commit = createCommit()
      const app = await begin(commit, { raw: (_req, res) => res.end('hello') })
      const client = await connectRaw(app.port)
      client.socket.end('GET /raw/x HTTP/1.1\r\nHost: a\r\n\r\n')
      await commit.asked()
      await aWhile(20)
      commit.release()
      await client.closed
      expect(client.received()).toContain('hello')
      expect(await app.record()).toMatchObject({ outcome: 'success' })
      expect(commit.amendments()).toEqual([])
    })

    test.each(waysOf(quirks).map((way) => [way.name, way] as const))(
      'is the response of the app without us once it is safe: %s',
      async (_name, way) => {
        const bare = await see(mount, quirks, way, { times: 0 })
        const commit = createCommit()
        const audited = await see(mount, quirks, way, { trail: commit.trail }, async () => {
          await commit.asked()
          commit.release()
        })
        expect(audited.received).toEqual(bare.received)
        const others = (notes: readonly unknown[]): readonly unknown[] => notes.filter((note) => note !== 'finish')
        expect(others(audited.notes)).toEqual(others(bare.notes))
        await audited.app.records(1)
        expect(commit.records.map(({ kind }) => kind)).toEqual([undefined])
        expect(commit.records[0]).toMatchObject({ outcome: expect.stringMatching(/success|failure/) })
      },
    )

    test('has the record of the complete response, and counts how long it took', async () => {
      const commit = createCommit()
      const app = await begin(commit, { raw: (_req, res) => res.end('hello') })
      const client = await askWaiting(app, quirks)
      await commit.asked()
      expect(held(app.audit)).toBe(1)
      expect(commit.records[0]).toMatchObject({ http_response: { status_code: 200, reason: 'OK' }, outcome: 'success' })
      await aWhile(20)
      commit.release()
      await client.answered
      await app.records(1)
      const { longestHoldMs, counters } = app.audit.health()
      expect(longestHoldMs).toBeGreaterThan(10)
      expect(counters).toMatchObject({ recorded: 1, lost: 0, refused: 0 })
      client.leave()
    })

    test('leaves one record and its amendment where the client leaves meanwhile', async () => {
      const commit = createCommit()
      const app = await begin(commit, {
        raw: (_req, res) => {
          res.write('part')
          setImmediate(() => res.end())
        },
      })
      const client = await askWaiting(app, quirks)
      await commit.asked()
      client.leave()
      await commit.asked(2)
      commit.release()
      const [record, amendment] = await app.records(2)
      expect(record).toMatchObject({ outcome: 'success', http_response: { status_code: 200 } })
      expect(amendment).toMatchObject({
        kind: 'amendment',
        exchange: record?.id,
        outcome: 'aborted',
        http_response: { status_code: 200 },
      })
      expect(app.audit.health()).toMatchObject({ held: 0 })
    })

    test('leaves one record where the client leaves before it is complete', async () => {
      const commit = createCommit()
      const app = await begin(commit, { raw: () => undefined })
      const client = await askWaiting(app, quirks)
      await app.entered()
      client.leave()
      await commit.asked()
      commit.release()
      expect(await app.record()).toMatchObject({ outcome: 'aborted', http_response: { status_code: null } })
    })
  })

  describe('a record that cannot be kept', () => {
    const failing = (settings: Settings): Settings => ({ onError: () => undefined, ...settings })

    test('leads to 503 under closed, where nothing was sent', async () => {
      const commit = createCommit()
      const app = await begin(commit, {
        settings: failing({ onFailure: 'closed' }),
        raw: (_req, res) => res.end('hello'),
      })
      const client = await askWaiting(app, quirks)
      await commit.asked()
      commit.fail()
      expect(await client.answered).toMatchObject({ status: 503, body: expect.stringContaining('Service Unavailable') })
      await commit.asked(2)
      expect(commit.amendments()[0]).toMatchObject({
        exchange: commit.records[0]?.id,
        outcome: 'failure',
        http_response: {
          status_code: 503,
          reason: 'Service Unavailable',
          headers: { 'content-type': 'application/problem+json' },
        },
      })
      expect(app.audit.health()).toMatchObject({ held: 0, counters: { refused: 1, lost: 0 } })
      expect(commit.missed).toEqual([expect.stringMatching(/^refused: /)])
      client.leave()
    })

    test('cuts the response under closed, where parts were sent', async () => {
      const commit = createCommit()
      const app = await begin(commit, {
        settings: failing({ onFailure: 'closed' }),
        raw: (_req, res) => {
          res.write('part')
          setTimeout(() => res.end('end'), 5)
        },
      })
      const client = await askWaiting(app, quirks)
      await commit.asked()
      commit.fail()
      expect(await client.answered).toBe('cut')
      await commit.asked(2)
      expect(commit.amendments()[0]).toMatchObject({ outcome: 'failure', http_response: { status_code: 200 } })
      expect(app.audit.health()).toMatchObject({ held: 0, counters: { refused: 1, lost: 0 } })
      expect(commit.missed).toEqual([expect.stringMatching(/^refused: /)])
      client.leave()
    })

    test('is counted, and its response goes out under open', async () => {
      const commit = createCommit()
      const app = await begin(commit, { settings: failing({}), raw: (_req, res) => res.end('hello') })
      const client = await askWaiting(app, quirks)
      await commit.asked()
      commit.fail()
      expect(await client.answered).toMatchObject({ status: 200, body: 'hello' })
      expect(app.audit.health()).toMatchObject({ held: 0, counters: { recorded: 0, lost: 1, refused: 0 } })
      expect(commit.amendments()).toEqual([])
      expect(commit.missed).toEqual([expect.stringMatching(/^lost: /)])
      client.leave()
    })

    test.each(['is kept', 'is lost'])('in time lets its response go out under open, and %s later', async (later) => {
      const commit = createCommit()
      const codes: string[] = []
      const settings: Settings = { holdTimeoutMs: 30, onError: ({ code }) => codes.push(code) }
      const app = await begin(commit, { settings, raw: (_req, res) => res.end('hello') })
      const client = await askWaiting(app, quirks)
      await commit.asked()
      expect(await client.answered).toMatchObject({ status: 200, body: 'hello' })
      expect(app.audit.health()).toMatchObject({ held: 0, counters: { recorded: 1, lost: 0, refused: 0 } })
      expect(codes).toEqual(['HOLD_TIMED_OUT'])
      if (later === 'is kept') commit.release()
      else commit.fail()
      client.leave()
      await app.records(later === 'is kept' ? 1 : 0)
      const lost = later === 'is kept' ? 0 : 1
      expect(app.audit.health().counters).toMatchObject({ recorded: 1 - lost, lost, refused: 0 })
    })
  })

  describe.runIf(!isHttp2)('held on one connection', () => {
    test('pipelined responses wait each for its own record', async () => {
      const commit = createCommit()
      const app = await begin(commit, { raw: (req, res) => res.end(`/raw/${req.url?.split('/').at(-1)}`) })
      const client = await connectRaw({ port: app.port, tls })
      const paths = Array.from({ length: 10 }, (_, index) => `/raw/${index}`)
      client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
      await commit.asked()
      await aWhile(20)
      expect(client.received()).toBe('')
      commit.release()
      const responses = await client.responses(paths.map(() => 'GET'))
      expect(responses.map(({ body }) => body)).toEqual(paths)
      client.socket.destroy()
      const records = await app.records(10)
      expect(new Set(records.map(({ http_request }) => http_request?.url)).size).toBe(10)
    })

    test.runIf(quirks.compresses).each(['outside', 'inside'] as const)('with compression %s', async (compression) => {
      const raw = (_req: unknown, res: import('node:http').ServerResponse): void => {
        res.setHeader('Content-Type', 'text/plain')
        res.write('compressible '.repeat(500))
        res.end('compressible '.repeat(500))
      }
      const look = async (commit?: Commit): Promise<string> => {
        const app = await start(mount, {
          raw,
          compression,
          times: commit === undefined ? 0 : 1,
          trail: commit?.trail,
        })
        const client = await connectRaw({ port: app.port, tls })
        client.send('GET /raw/x HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n')
        if (commit !== undefined) {
          await commit.asked()
          await aWhile(100)
          expect(parseResponses(client.received(), ['GET'], false).filter(({ isComplete }) => isComplete)).toEqual([])
          commit.release()
        }
        await client.responses(['GET'])
        client.socket.destroy()
        if (commit !== undefined) await app.record()
        return withoutDate(client.received())
      }
      expect(await look(createCommit())).toBe(await look())
    })
  })
}
