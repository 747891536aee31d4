import { describe, expect, test } from 'vitest'
import { askOn, openConnection, openSession } from './client.ts'
import { type Mount, type Started, start } from './harness.ts'

const CANCEL = 8

/** What only HTTP/2 knows: streams that share a session. */
export function overHttp2(mount: Mount): void {
  const begin = (options: Parameters<typeof start>[1] = {}): Promise<Started> => start(mount, options)

  describe('one HTTP/2 session', () => {
    test('200 streams in parallel leave 200 records, each its own', async () => {
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
      const session = await openSession(app)
      const turns = Array.from({ length: 200 }, (_, turn) => turn)
      const bodies = await Promise.all(turns.map((turn) => askOn(session, `/raw/${turn}`)))
      expect(bodies.map(({ body }) => body)).toEqual(turns.map((turn) => `answer ${turn}`))
      session.close()
      const records = await app.records(200)
      const recorded = new Map(records.map((record) => [record.http_request?.url?.split('/').at(-1), record]))
      for (const turn of turns) {
        expect(recorded.get(String(turn))).toMatchObject({
          http_response: { status_code: 200 + (turn % 3) },
          outcome: 'success',
        })
      }
    })

    // A client on Node 20 may reset with NO_ERROR: that looks as if the server had ended the stream.
    const left = process.version.startsWith('v20.') ? expect.stringMatching(/^(aborted|failure)$/) : 'aborted'

    test('a session that the client destroys ends every stream of it', async () => {
      const app = await begin({ raw: (_req, res) => res.write('part') })
      const session = await openSession(app)
      const streams = [1, 2].map((turn) => session.request({ ':path': `/raw/${turn}` }).on('error', () => undefined))
      await Promise.all(streams.map((stream) => new Promise((resolve) => stream.once('data', resolve))))
      session.destroy(undefined, CANCEL)
      for (const record of await app.records(2)) {
        expect(record).toMatchObject({ http_response: { status_code: 200 }, outcome: left })
      }
    })

    test('a client that says goodbye with an error leaves', async () => {
      const app = await begin({ raw: () => undefined })
      const session = await openSession(app)
      session.request({ ':path': '/raw/hang' }).on('error', () => undefined)
      await app.entered()
      session.goaway(CANCEL)
      expect(await app.record()).toMatchObject({ http_response: { status_code: null }, outcome: 'aborted' })
    })

    test('a connection that breaks ends every stream of it', async () => {
      const app = await begin({ raw: () => undefined })
      const { session, connection } = await openConnection(app)
      session.request({ ':path': '/raw/hang' }).on('error', () => undefined)
      await app.entered()
      connection.destroy()
      expect(await app.record()).toMatchObject({ http_response: { status_code: null }, outcome: 'aborted' })
    })

    test('a client that says goodbye gets the answers that are under way', async () => {
      const app = await begin({ raw: (_req, res) => void setTimeout(() => res.end('part'), 10) })
      const session = await openSession(app)
      const answered = askOn(session, '/raw/x')
      await app.entered()
      session.goaway()
      session.close()
      expect(await answered).toMatchObject({ status: 200, body: 'part' })
      expect(await app.record()).toMatchObject({ http_response: { status_code: 200 }, outcome: 'success' })
    })

    test('a server that resets a stream ended it', async () => {
      const app = await begin({
        raw: (_req, res) => {
          res.write('part')
          setImmediate(() => (res as unknown as { stream: { close(code: number): void } }).stream.close(2))
        },
      })
      const session = await openSession(app)
      await askOn(session, '/raw/x').catch(() => undefined)
      session.destroy()
      expect(await app.record()).toMatchObject({ http_response: { status_code: 200 }, outcome: 'failure' })
    })

    test('a cancel that comes when the answer is whole changes nothing', async () => {
      const app = await begin({ raw: (_req, res) => void res.end('part') })
      const session = await openSession(app)
      const stream = session.request({ ':path': '/raw/x' })
      stream.on('error', () => undefined)
      await new Promise((resolve) => stream.resume().once('end', resolve))
      stream.close(CANCEL)
      session.close()
      expect(await app.record()).toMatchObject({ http_response: { status_code: 200 }, outcome: 'success' })
    })

    test('pseudo-headers are in no record', async () => {
      const app = await begin()
      const session = await openSession(app)
      await askOn(session, '/text')
      session.close()
      expect(Object.keys((await app.record()).http_response?.headers ?? {}).join()).not.toContain(':')
    })
  })
}
