import { Readable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connectRaw, withoutDate } from '../../support/raw-client.ts'
import { PATIENCE_MS } from '../../support/time.ts'
import { ask } from './client.ts'
import { type Mount, openAudit, type Quirks, type Started, start } from './harness.ts'

/** What stands around, beside and within: other audit logs, the same one again, mounted parts, compression. */
export function livesWithOthers(mount: Mount, quirks: Quirks): void {
  const begin = (options: Parameters<typeof start>[1] = {}): Promise<Started> => start(mount, options)

  describe('other layers', () => {
    test.each(['/text', '/teapot', '/nowhere'])('mounted twice, %s still leaves one record', async (path) => {
      const app = await begin({ times: 2 })
      await ask(app, quirks, path)
      await app.records(1)
    })

    test('two audit logs each keep their own', async () => {
      const first = openAudit({ userFromRequest: () => ({ id: 'one' }) })
      const second = openAudit({ userFromRequest: () => ({ id: 'two' }), exemptUrls: ['^/text'] })
      const mounted = await mount({ audits: [first.audit, second.audit], raw: (_req, res) => res.end('hello') })
      onTestFinished(() => mounted.close())
      await ask(mounted, quirks, '/raw/both')
      await ask(mounted, quirks, '/text')
      await Promise.all([first.sink.waitFor(2, PATIENCE_MS), second.sink.waitFor(1, PATIENCE_MS)])
      await mounted.close()
      await Promise.all([first.audit.close(), second.audit.close()])
      expect(first.sink.records.map(({ user }) => user?.id)).toEqual(['one', 'one'])
      expect(second.sink.records.map(({ user }) => user?.id)).toEqual(['two'])
      expect(first.sink.records[0]?.id).not.toBe(second.sink.records[0]?.id)
    })

    test('with two audit logs, an error page goes out whole', async () => {
      const first = openAudit()
      const second = openAudit()
      const mounted = await mount({ audits: [first.audit, second.audit], raw: (_req, res) => res.end() })
      onTestFinished(() => mounted.close())
      expect(await ask(mounted, quirks, '/teapot')).toMatchObject({ status: 418, body: 'teapot' })
      await Promise.all([first.audit.close(), second.audit.close()])
    })

    test('a mounted part does not shorten the URL', async () => {
      const app = await begin()
      const { body } = await ask(app, quirks, '/nested/a/b?c=d')
      if (quirks.shortensNested === true) expect(body).toBe('/a/b?c=d')
      expect((await app.record()).http_request?.url).toMatch(/\/nested\/a\/b\?c=d$/)
    })

    test('a URL that the handler rewrites is recorded as it was asked for', async () => {
      const app = await begin({
        raw: (req, res) => {
          req.url = '/other'
          res.end()
        },
      })
      await ask(app, quirks, '/raw/asked')
      expect((await app.record()).http_request?.url).toMatch(/\/raw\/asked$/)
    })

    test('an exempt path leaves none, and its logger does nothing', async () => {
      const app = await begin({ settings: { exemptUrls: ['^/annotate/'] } })
      expect(await ask(app, quirks, '/annotate/1')).toMatchObject({ status: 200, body: '1' })
      await ask(app, quirks, '/text')
      await app.records(1)
    })

    test('where auditing is off there is no record, and its logger does nothing', async () => {
      const app = await begin({ settings: { enabled: false } })
      expect(await ask(app, quirks, '/annotate/1')).toMatchObject({ status: 200, body: '1' })
      await app.records(0)
    })
  })

  describe.runIf(quirks.compresses)('compression', () => {
    describe.each(['outside', 'inside'] as const)('%s of the audit log', (compression) => {
      const large = 'compressible '.repeat(1_000)

      test.each(['GET', 'HEAD'])('%s: the bytes are the same, the record is of what went out', async (method) => {
        const look = async (times: number): Promise<{ app: Started; bytes: string }> => {
          const app = await begin({
            times,
            compression,
            raw: (_req, res) => {
              res.setHeader('Content-Type', 'text/plain')
              res.write(large)
              res.end(large)
            },
          })
          const client = await connectRaw({ port: app.port, tls: quirks.tls === true })
          client.send(`${method} /raw/x HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n`)
          await client.closed
          return { app, bytes: withoutDate(client.received()) }
        }
        const bare = await look(0)
        const audited = await look(1)
        expect(audited.bytes).toBe(bare.bytes)
        const { http_response, outcome } = await audited.app.record()
        expect(outcome).toBe('success')
        if (method === 'GET') expect(http_response?.headers).toMatchObject({ 'content-encoding': 'gzip' })
      })

      test('a client that leaves in the middle leaves one record', async () => {
        const app = await begin({
          compression,
          raw: (_req, res) => {
            res.setHeader('Content-Type', 'text/plain')
            Readable.from(noise(), { objectMode: false }).pipe(res)
          },
        })
        const client = await connectRaw({ port: app.port, tls: quirks.tls === true })
        client.send('GET /raw/x HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n')
        await client.until((text) => text.length > 10_000)
        client.socket.destroy()
        expect(await app.record()).toMatchObject({ http_response: { status_code: 200 }, outcome: 'aborted' })
      })
    })
  })
}

function* noise(): Generator<string> {
  for (;;) yield Math.random().toString().repeat(2_000)
}
