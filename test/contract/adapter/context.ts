import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import { ask, askOn, openSession } from './client.ts'
import { type Mount, type Quirks, type Started, start } from './harness.ts'

/** Calls `say` from a place where the scope of a request is easily lost; the response ends after it. */
type Place = (req: IncomingMessage, res: ServerResponse, say: () => void) => void

const places: Record<string, Place> = {
  'in the handler': (_req, res, say) => {
    say()
    res.end()
  },
  'in a timer': (_req, res, say) => void setTimeout(() => [say(), res.end()], 5),
  'after an await': async (_req, res, say) => {
    await new Promise(setImmediate)
    say()
    res.end()
  },
  'in prefinish of the response': (_req, res, say) => {
    res.on('prefinish', () => say())
    res.end('x')
  },
}

/** The same, where a body is read. A server may cut a request off whose body nobody reads. */
const placesInBodies: Record<string, Place> = {
  'when the body has ended': (req, res, say) => {
    req.on('data', () => undefined)
    req.on('end', () => [say(), res.end()])
  },
  'with data of the body': (req, res, say) => {
    req.once('data', () => say())
    req.on('end', () => res.end())
  },
  'while the body is read by an iterator': async (req, res, say) => {
    for await (const _part of req) say()
    res.end()
  },
  'in an emitter': (req, res, say) => {
    const emitter = new EventEmitter()
    emitter.on('told', () => [say(), res.end()])
    req.on('data', () => undefined)
    req.on('end', () => emitter.emit('told'))
  },
  'in a pipeline of the request': (req, res, say) => {
    const through = new PassThrough()
    through.once('data', () => say())
    pipeline(req, through.resume()).then(
      () => res.end(),
      () => undefined,
    )
  },
}

/** Much for a machine that is busy, in milliseconds. */
const SLOW = 300_000

export function keepsContext(mount: Mount, quirks: Quirks): void {
  const begin = (options: Parameters<typeof start>[1] = {}): Promise<Started> => start(mount, options)
  const post = { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } }

  describe('audit.current() is the logger of the request', () => {
    const known = Object.entries(places).filter(([name]) => quirks.protocol !== 'http2' || !name.includes('prefinish'))
    const says = async (name: string, place: Place, request?: typeof post): Promise<void> => {
      const app: Started = await begin({ raw: (req, res) => place(req, res, () => app.audit.current().info(name)) })
      await ask(app, quirks, '/raw/x', request)
      expect(await app.record()).toMatchObject({ message: name })
    }
    test.each(known)('%s', (name, place) => says(name, place))
    test.each(Object.entries(placesInBodies))('%s', (name, place) => says(name, place, post))

    test('after a body parser', async () => {
      const app = await begin()
      await ask(app, quirks, '/parsed', post)
      expect(await app.record()).toMatchObject({ message: 'parsed' })
    })

    test.each(['finish', 'close'])('also when the response says %s: an event of it bears its id', async (event) => {
      const app: Started = await begin({
        raw: (_req, res) => {
          res.on(event, () => void app.audit.current().event().info(event).sendLog())
          res.end()
        },
      })
      await ask(app, quirks, '/raw/x')
      const records = await app.records(2)
      const exchange = records.find(({ kind }) => kind === undefined)
      expect(records.find(({ kind }) => kind === 'event')).toMatchObject({ exchange: exchange?.id, message: event })
    })

    test('and elsewhere one that does nothing', async () => {
      const app = await begin()
      app.audit.current().info('nobody').setUser({ id: 'nobody' })
      await ask(app, quirks, '/text')
      expect(await app.record()).toMatchObject({ message: '', user: { authenticated: false } })
    })
  })

  // Each over TLS takes a handshake of its own.
  const COUNT = quirks.tls === true ? 100 : 500

  test(
    `${COUNT} requests in parallel are never mixed`,
    async () => {
      const app = await begin()
      const session = quirks.protocol === 'http2' ? await openSession(app) : undefined
      const ids = Array.from({ length: COUNT }, (_, index) => String(index))
      const answered = await Promise.all(
        ids.map((id) => {
          const path = `/annotate/${id}`
          return session === undefined ? ask(app, quirks, path) : askOn(session, path)
        }),
      )
      session?.close()
      expect(answered.map(({ body }) => body)).toEqual(ids)
      const records = await app.records(COUNT)
      for (const record of records) {
        const id = record.http_request?.url?.split('/').at(-1) ?? ''
        expect(record).toMatchObject({
          user: { authenticated: true, id: `user-${id}`, roles: [id] },
          filter: { object: 'Bicycle', fields: 'colour', terms: `terms-${id}` },
          results: [{ id }],
          type: 'WARNING',
          message: `message ${id}`,
        })
      }
      expect(new Set(records.map(({ http_request }) => http_request?.url)).size).toBe(COUNT)
    },
    SLOW,
  )
}
