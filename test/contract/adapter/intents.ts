import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { Settings } from '../../../src/audit-log/settings.ts'
import { connectRaw } from '../../support/raw-client.ts'
import { aWhile } from '../../support/time.ts'
import { ask, askWaiting } from './client.ts'
import { type Commit, createCommit } from './commit.ts'
import { readRow } from './guarantees.ts'
import { see, waysOf } from './harmless.ts'
import { type Mount, type Quirks, type Started, start } from './harness.ts'

/** Handlers that run only when it is recorded that they will. */
export function recordsFirst(mount: Mount, quirks: Quirks): void {
  const begin = (commit: Commit, settings: Settings = {}, raw?: Parameters<typeof start>[1]): Promise<Started> =>
    start(mount, {
      settings: { guarantee: 'recorded-first', onError: () => undefined, ...settings },
      trail: commit.trail,
      raw: (_req, res) => res.end('hello'),
      ...raw,
    })

  describe('a request that is recorded first', () => {
    test('is handled when its intent is kept, and leaves the record that the intent names', async () => {
      const commit = createCommit()
      let handled = 0
      const app = await begin(
        commit,
        {},
        {
          raw: (_req, res) => {
            handled += 1
            res.end('hello')
          },
        },
      )
      const client = await askWaiting(app, quirks)
      await commit.asked()
      await aWhile()
      expect(handled).toBe(0)
      expect(app.audit.health().held).toBe(1)
      commit.release()
      expect(await client.answered).toMatchObject({ status: 200, body: 'hello' })
      client.leave()
      const [intent, record] = await app.records(2)
      expect(intent).toMatchObject({
        kind: 'intent',
        exchange: record?.id,
        http_request: record?.http_request,
        user: { ip: record?.user?.ip },
      })
      expect(record).toMatchObject({ outcome: 'success' })
      expect(app.audit.health()).toMatchObject({ held: 0, counters: { recorded: 1, lost: 0, refused: 0 } })
    })

    test('has its body, whole and not read yet', async () => {
      const commit = createCommit()
      const app = await begin(commit)
      const body = Buffer.alloc(300_000, 'x')
      const answer = ask(app, quirks, '/length', { method: 'POST', body })
      await commit.asked()
      await aWhile()
      commit.release()
      expect(await answer).toMatchObject({ body: '300000' })
      await app.records(2)
    })

    test('has its scope, and what its framework parses', async () => {
      const commit = createCommit()
      const app = await begin(commit)
      const headers = { 'content-type': 'application/json' }
      const answer = ask(app, quirks, '/parsed', { method: 'POST', body: '{"a":1}', headers })
      await commit.asked()
      await aWhile()
      commit.release()
      expect(await answer).toMatchObject({ status: 200 })
      expect((await app.records(2))[1]).toMatchObject({ message: 'parsed' })
    })

    test('is not handled where its client has left meanwhile, and leaves the record of that', async () => {
      const commit = createCommit()
      const app = await begin(commit, {}, { raw: () => expect.unreachable('it was handled') })
      const client = await askWaiting(app, quirks)
      await commit.asked()
      client.leave()
      await commit.asked(2)
      commit.release()
      const [intent, record] = await app.records(2)
      expect(record).toMatchObject({ id: intent?.exchange, outcome: 'aborted', http_response: { status_code: null } })
    })

    test('is refused under closed where its intent cannot be kept, and is not handled', async () => {
      const commit = createCommit()
      const raw = (): void => expect.unreachable('it was handled')
      const app = await begin(commit, { onFailure: 'closed' }, { raw })
      const client = await askWaiting(app, quirks)
      await commit.asked()
      commit.fail()
      expect(await client.answered).toMatchObject({ status: 503, body: expect.stringContaining('Service Unavailable') })
      await commit.asked(2)
      client.leave()
      expect(commit.exchanges()).toMatchObject([{ outcome: 'failure', http_response: { status_code: 503 } }])
      expect(commit.amendments()).toEqual([])
      expect(app.audit.health()).toMatchObject({ held: 0, counters: { lost: 0, refused: 1 } })
      expect(commit.missed).toEqual([expect.stringMatching(/^refused: /)])
    })

    test('is handled under open where its intent cannot be kept, and that is counted', async () => {
      const commit = createCommit()
      const app = await begin(commit)
      const client = await askWaiting(app, quirks)
      await commit.asked()
      commit.fail()
      expect(await client.answered).toMatchObject({ status: 200, body: 'hello' })
      client.leave()
      await app.records(1)
      expect(app.audit.health().counters).toMatchObject({ recorded: 1, lost: 1, refused: 0 })
    })

    test('is handled under open where its intent takes too long', async () => {
      const commit = createCommit()
      const codes: string[] = []
      const app = await begin(commit, { holdTimeoutMs: 30, onError: ({ code }) => codes.push(code) })
      const client = await askWaiting(app, quirks)
      expect(await client.answered).toMatchObject({ status: 200, body: 'hello' })
      expect(codes).toEqual(['HOLD_TIMED_OUT', 'HOLD_TIMED_OUT'])
      commit.release()
      client.leave()
      await app.records(2)
      expect(app.audit.health().counters).toMatchObject({ lost: 0, refused: 0 })
    })

    test('leaves a record where a rule says, too late, that it should leave none', async () => {
      const commit = createCommit()
      commit.release()
      const app = await begin(commit, { rules: [{ status: 200, keep: 'none' }] })
      await ask(app, quirks, '/raw/x')
      await app.records(2)
    })

    test('is one of several, by its rule', async () => {
      const commit = createCommit()
      const rules: Settings['rules'] = [{ method: 'GET', path: '^/raw/', keep: 'full', guarantee: 'recorded-first' }]
      const app = await begin(commit, { guarantee: 'best-effort', rules })
      await ask(app, quirks, '/text')
      expect(commit.records.map(({ kind }) => kind)).toEqual([undefined])
      const client = await askWaiting(app, quirks)
      await commit.asked(2)
      expect(commit.records[1]).toMatchObject({ kind: 'intent' })
      commit.release()
      await client.answered
      client.leave()
      await app.records(3)
    })

    test.runIf(quirks.protocol !== 'http2')('keeps its place on its connection', async () => {
      const commit = createCommit()
      const app = await begin(commit, {}, { raw: (req, res) => res.end(`/raw/${req.url?.split('/').at(-1)}`) })
      const client = await connectRaw({ port: app.port, tls: quirks.tls === true })
      const paths = Array.from({ length: 10 }, (_, index) => `/raw/${index}`)
      client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
      await commit.asked()
      await aWhile()
      commit.release()
      const responses = await client.responses(paths.map(() => 'GET'))
      expect(responses.map(({ body }) => body)).toEqual(paths)
      client.socket.destroy()
      await app.records(20)
    })

    test.each(waysOf(quirks).map((way) => [way.name, way] as const))(
      'has the response of the app without us: %s',
      async (_name, way) => {
        const bare = await see(mount, quirks, way, { times: 0 })
        const commit = createCommit()
        commit.release()
        const settings: Settings = { guarantee: 'recorded-first' }
        const audited = await see(mount, quirks, way, { settings, trail: commit.trail })
        expect(audited.received).toEqual(bare.received)
        await audited.app.records(2)
        expect(commit.records.map(({ kind }) => kind)).toEqual(['intent', undefined])
      },
    )

    const seesUpgrades = quirks.protocol !== 'http2' && readRow(quirks.row).upgrade !== 'not seen'
    test.runIf(seesUpgrades)('may be an upgrade, which loses nothing of what comes meanwhile', async () => {
      const commit = createCommit()
      const app = await begin(commit)
      let upgraded = false
      app.server.on('upgrade', (_req: IncomingMessage, socket: Socket, head: Buffer) => {
        upgraded = true
        socket.on('error', () => undefined)
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n')
        socket.write(head)
        socket.on('data', (data) => socket.write(data))
      })
      const client = await connectRaw({ port: app.port, tls: quirks.tls === true })
      client.send('GET /raw/x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfirst ')
      await commit.asked()
      client.send('second ')
      await aWhile()
      expect(upgraded).toBe(false)
      commit.release()
      client.send('third')
      await client.until((text) => text.endsWith('first second third'))
      client.reset()
      await app.records(2)
    })
  })
}
