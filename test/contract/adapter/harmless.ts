import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { type Answer, answers } from '../../support/answers.ts'
import { connectHttp2, request } from '../../support/http2-client.ts'
import { connectRaw, withoutDate } from '../../support/raw-client.ts'
import { ask, openSession } from './client.ts'
import { type Mount, type Quirks, type Started, start } from './harness.ts'

/** What a client and a handler saw of one answer. */
export interface Seen {
  readonly received: unknown
  readonly notes: readonly unknown[]
}

/** The raw request for an answer, below `/raw/`. */
export function rawRequest(way: Answer, path = '/raw/x'): string {
  const lines = [`${way.method ?? 'GET'} ${path} HTTP/${way.httpVersion ?? '1.1'}`, 'Host: app.test']
  for (const [name, value] of Object.entries(way.headers ?? {})) lines.push(`${name}: ${value}`)
  return `${lines.join('\r\n')}\r\n\r\n${way.body ?? ''}`
}

/** Asks for one way to answer; `meanwhile` runs while the client waits. */
export async function see(
  mount: Mount,
  quirks: Quirks,
  way: Answer,
  options: Parameters<typeof start>[1],
  meanwhile?: (app: Started) => Promise<void>,
): Promise<Seen & { readonly app: Started }> {
  const notes: unknown[] = []
  let done = (): void => undefined
  const closed = new Promise<void>((resolve) => (done = resolve))
  const app = await start(mount, {
    ...options,
    raw(req, res) {
      for (const event of ['prefinish', 'finish', 'close']) res.on(event, () => notes.push(event))
      res.on('close', () => setImmediate(done))
      way.answer(req, res, (...values) => notes.push(values))
    },
  })
  const received = quirks.protocol === 'http2' ? overSession : overSocket
  return { received: await received(app, quirks, way, () => Promise.all([closed, meanwhile?.(app)])), notes, app }
}

async function overSocket(app: Started, quirks: Quirks, way: Answer, wait: () => Promise<unknown>): Promise<unknown> {
  const client = await connectRaw({ port: app.port, tls: quirks.tls === true })
  client.send(rawRequest(way))
  await wait()
  if (way.name.includes('not reached')) await client.closed
  else await client.responses([way.method ?? 'GET'])
  client.socket.destroy()
  return withoutDate(client.received())
}

async function overSession(app: Started, quirks: Quirks, way: Answer, wait: () => Promise<unknown>): Promise<unknown> {
  const session = quirks.tls === true ? await openSession(app) : await connectHttp2(app.port)
  const { method = 'GET', headers, body } = way
  const got = request(session, { ':method': method, ':path': '/raw/x', ...headers }, body)
  await Promise.all([wait(), got.ended])
  session.destroy()
  return [JSON.stringify(got.events).replace(/"date","[^"]*"/g, '"date"'), got.body()]
}

export function waysOf(quirks: Quirks): readonly Answer[] {
  const other = quirks.protocol === 'http2' ? 'http1' : 'http2'
  // Node 22 sends a part behind the end of this one, which a client over TLS may see or not.
  const isUnsure = ({ name }: Answer): boolean => quirks.tls === true && name === 'cork without uncork'
  return answers.filter((way) => way.only !== other && !isUnsure(way))
}

/** What Node itself keeps on a socket once somebody has asked, and moves about. */
const CACHED: ReadonlySet<string> = new Set(['timeout', '_peername', '_sockname'])

export function doesNoHarm(mount: Mount, quirks: Quirks): void {
  const begin = (options: Parameters<typeof start>[1] = {}): Promise<Started> => start(mount, options)

  describe('the client gets the bytes, and the handler sees the response, of the app without us', () => {
    test.each(waysOf(quirks).map((way) => [way.name, way] as const))('%s', async (_name, way) => {
      const bare = await see(mount, quirks, way, { times: 0 })
      const audited = await see(mount, quirks, way, {})
      expect(audited.received).toEqual(bare.received)
      // On HTTP/2 the stream may close between a head that is all and `end`: what that calls back is a matter of time.
      if (quirks.protocol !== 'http2' || !/(writeHead|flushHeaders), then end$/.test(way.name))
        expect(audited.notes).toEqual(bare.notes)
      await audited.app.records(1)
    })
  })

  describe('nothing is taken from an app', () => {
    test('a body that the handler reads later is all there', async () => {
      const app = await begin()
      const body = Buffer.alloc(1_000_000, 'x')
      const headers = { 'content-length': String(body.length) }
      expect(await ask(app, quirks, '/length', { method: 'POST', body, headers })).toMatchObject({ body: '1000000' })
      await app.records(1)
    })

    test('no listener is added that shows, and a socket is left as it was', async () => {
      const look = async (times: number): Promise<unknown> => {
        const seen: unknown[] = []
        const app = await begin({
          times,
          raw: (req, res) => {
            seen.push(listeners(req), listeners(res))
            if (quirks.listensToSockets !== true) seen.push(listeners(req.socket))
            seen.push(Object.getOwnPropertyNames(req.socket).filter((name) => !CACHED.has(name)))
            res.end()
          },
        })
        if (quirks.protocol === 'http2') {
          const session = await openSession(app)
          for (const turn of [1, 2, 3])
            await new Promise((resolve) =>
              session
                .request({ ':path': `/raw/${turn}` })
                .resume()
                .on('close', resolve),
            )
          session.destroy()
        } else {
          const client = await connectRaw({ port: app.port, tls: quirks.tls === true })
          for (const turn of [1, 2, 3]) {
            client.send(`GET /raw/${turn} HTTP/1.1\r\nHost: a\r\n\r\n`)
            await client.until((text) => text.split('HTTP/1.1 200').length > turn)
          }
          client.socket.destroy()
        }
        await app.entered(3)
        await app.close()
        return seen
      }
      expect(await look(1)).toEqual(await look(0))
    })

    test('the result, the callbacks and the chaining of what is called on a response are its own', async () => {
      const seen: unknown[] = []
      const app = await begin({
        raw: (_req, res) => {
          seen.push(res.write('a', () => seen.push('written')))
          const end = (): unknown => res.end('b', 'utf8', () => seen.push('ended'))
          seen.push(end() === res)
        },
      })
      expect(await ask(app, quirks, '/raw/x')).toMatchObject({ body: 'ab' })
      await app.records(1)
      expect(seen.sort()).toEqual(['ended', true, true, 'written'].sort())
    })
  })
}

function listeners(emitter: IncomingMessage | ServerResponse | Socket): unknown {
  return emitter
    .eventNames()
    .map((name) => `${String(name)} ${emitter.listenerCount(name)}`)
    .sort()
}
