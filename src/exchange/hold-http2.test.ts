import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ClientHttp2Session, createServer, type Http2ServerResponse } from 'node:http2'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, answers, answerTo } from '../../test/support/answers.ts'
import {
  createHoldControl,
  createSignal,
  type HoldControl,
  listen,
  type Serving,
} from '../../test/support/hold-control.ts'
import { connectHttp2, type Http2Exchange, request } from '../../test/support/http2-client.ts'
import { aWhile } from '../../test/support/time.ts'
import { heldHead, holdResponse } from './hold.ts'

const ways = answers.filter(({ only }) => only !== 'http1')
const INTERNAL_ERROR = 2

interface Harness {
  readonly serving: Serving<ReturnType<typeof createServer>>
  readonly session: ClientHttp2Session
  close(): Promise<void>
}

async function harness(handler: (req: IncomingMessage, res: Http2ServerResponse) => void): Promise<Harness> {
  const serving = await listen(createServer((req, res) => handler(req as unknown as IncomingMessage, res)))
  const session = await connectHttp2(serving.port)
  return {
    serving,
    session,
    async close() {
      session.destroy()
      await serving.close()
    },
  }
}

function ask(session: ClientHttp2Session, way: Answer): Http2Exchange {
  const { method = 'GET', headers, body } = way
  return request(session, { ':method': method, ':path': `/${answers.indexOf(way)}`, ...headers }, body)
}

const withoutDate = (events: Http2Exchange['events']): unknown =>
  JSON.parse(JSON.stringify(events).replace(/"date","[^"]*"/g, '"date"'))

async function exchange(way: Answer, hold?: HoldControl): Promise<{ seen: unknown; notes: readonly unknown[] }> {
  const notes: unknown[] = []
  const closed = createSignal()
  const { session, close } = await harness((req, res) => {
    if (hold !== undefined) holdResponse(res, hold.options())
    for (const event of ['finish', 'close']) res.on(event, () => notes.push(event))
    res.on('close', () => setImmediate(() => closed.notify()))
    answerTo(req).answer(req, res as unknown as ServerResponse, (...values) => notes.push(values))
  })
  const got = ask(session, way)
  if (hold !== undefined) {
    await hold.committed(1)
    notes.push('released')
    hold.release()
  }
  await got.ended
  await closed.until(() => notes.includes('close'))
  await close()
  return { seen: [withoutDate(got.events), got.body()], notes }
}

/** But `respond`, which is ours until the response is sent, and `timeout`, which Node adds when it closes. */
const heldMethods = ['respond', 'write', 'end'] as const

/** Of those that are there whether a response is held or not. */
function propertiesOf(stream: object | undefined): readonly string[] {
  const held: readonly string[] = heldMethods
  return Object.getOwnPropertyNames(stream).filter((name) => name !== 'timeout' && !held.includes(name))
}

describe('a held response on HTTP/2', () => {
  it('is not complete at the client while its record is not safe, but its earlier parts are there', async () => {
    const hold = createHoldControl()
    const { session, close } = await harness((req, res) => {
      holdResponse(res, hold.options())
      answerTo(req).answer(req, res as unknown as ServerResponse, () => undefined)
    })
    const all = ways.map((way) => ({ way, got: ask(session, way) }))
    await hold.committed(ways.length)
    await aWhile(300)
    for (const { way, got } of all) {
      expect(got.isComplete(), way.name).toBe(false)
      if (way.early !== undefined) expect(got.body(), way.name).toContain(way.early)
      else
        expect(
          got.events.filter(([event]) => event === 'end'),
          way.name,
        ).toEqual([])
      if (way.method === 'HEAD' || /^(204|205|304|end(?! with))/.test(way.name))
        expect(got.events, way.name).toEqual([])
    }
    await close()
    expect(await hold.ended(ways.length)).toEqual(ways.map(() => 'gone'))
  })

  for (const way of ways) {
    it(`goes out as without us, and the handler sees the same: ${way.name}`, async () => {
      const bare = await exchange(way)
      const hold = createHoldControl()
      const held = await exchange(way, hold)
      expect(held.seen).toEqual(bare.seen)
      expect(held.notes.filter((note) => note !== 'released')).toEqual(bare.notes)
      expect(held.notes.indexOf('finish')).toBeGreaterThan(held.notes.indexOf('released'))
      expect(hold.commits).toBe(1)
      expect(hold.ends).toEqual(['released'])
    })
  }
})

describe('holds on one HTTP/2 session', () => {
  let hold: HoldControl
  let held: Harness
  let handle: (res: Http2ServerResponse) => void
  const heads: unknown[] = []

  beforeEach(async () => {
    hold = createHoldControl({ onFailure: 'closed' })
    held = await harness((_req, res) => {
      const options = hold.options()
      holdResponse(res, {
        ...options,
        commit() {
          heads.push(heldHead(res))
          return options.commit()
        },
      })
      handle(res)
    })
  })
  afterEach(async () => {
    heads.length = 0
    await held.close()
  })

  it('tells the head that will be sent, the date included', async () => {
    handle = (res) => {
      res.setHeader('X-One', '1')
      res.writeHead(404, { 'content-type': 'text/plain' })
      res.end()
    }
    const early = request(held.session, { ':path': '/' })
    await hold.committed(1)
    expect(heads).toEqual([undefined])
    await early.until(() => early.events.length > 0)
    expect(early.events.map(([event]) => event)).toEqual(['head'])
    handle = (res) => {
      res.setHeader('X-One', '1')
      res.statusCode = 404
      res.end('none')
      res.statusCode = 200
    }
    const got = request(held.session, { ':path': '/' })
    await hold.committed(2)
    hold.release()
    await got.ended
    expect(heads[1]).toEqual({ status: 404, headers: { 'x-one': '1', date: expect.stringMatching(/GMT$/) } })
    const { status, headers } = heads[1] as { status: number; headers: Record<string, string> }
    expect(got.events[0]).toEqual(['head', Object.entries({ ':status': status, ...headers })])
  })

  it('leaves the stream as it was', async () => {
    let properties: readonly string[] = []
    let stream: Http2ServerResponse['stream'] | undefined
    handle = (res) => {
      stream = res.stream
      properties = propertiesOf(stream)
      res.end('x')
    }
    const got = request(held.session, { ':path': '/' })
    await hold.committed(1)
    hold.release()
    await got.ended
    expect(propertiesOf(stream)).toEqual(properties)
    for (const name of heldMethods) expect(stream?.[name], name).toBe(Object.getPrototypeOf(stream)[name])
  })

  it('are independent of each other, 200 at once', async () => {
    handle = (res) => void res.end(String(res.req.url))
    const all = Array.from({ length: 200 }, (_, index) => ({
      index,
      got: request(held.session, { ':path': `/${index}` }),
    }))
    // A session carries 100 streams at a time unless it is told otherwise.
    for (let done = 0; done < 200; done++) {
      await hold.committed(done + 1)
      hold.release(done)
    }
    await Promise.all(all.map(({ got }) => got.ended))
    for (const { index, got } of all) expect(got.body()).toBe(`/${index}`)
    expect(await hold.ended(200)).toEqual(Array.from({ length: 200 }, () => 'released'))
  })

  it('answers 503 in place of a response that had not begun, when its record cannot be kept', async () => {
    handle = (res) => void res.end('secret')
    const got = request(held.session, { ':path': '/' })
    await hold.committed(1)
    hold.fail()
    await got.ended
    expect(got.events[0]).toEqual([
      'head',
      expect.arrayContaining([
        [':status', 503],
        ['content-type', 'application/problem+json'],
      ]),
    ])
    expect(JSON.parse(got.body())).toMatchObject({ status: 503 })
    expect(got.isComplete()).toBe(true)
    expect(hold.ends).toEqual(['refused'])
    expect(hold.headsSent).toEqual([false])
  })

  it('answers 503 without a body to HEAD, when its record cannot be kept', async () => {
    handle = (res) => void res.end()
    const got = request(held.session, { ':path': '/', ':method': 'HEAD' })
    await hold.committed(1)
    hold.fail()
    await got.ended
    expect(got.events[0]).toEqual(['head', expect.arrayContaining([[':status', 503]])])
    expect(hold.ends).toEqual(['refused'])
  })

  it('resets a stream that had begun, when its record cannot be kept', async () => {
    handle = (res) => {
      res.write('part')
      res.end()
    }
    const got = request(held.session, { ':path': '/' })
    await hold.committed(1)
    await got.until(() => got.body() === 'part')
    hold.fail()
    await got.ended
    expect(got.events.at(-1)).toEqual(['reset', INTERNAL_ERROR])
    expect(got.isComplete()).toBe(false)
    expect(hold.ends).toEqual(['cut'])
    expect(hold.headsSent).toEqual([true])
  })

  it('end when the client cancels its stream', async () => {
    const closed = createSignal()
    let events: string[] = []
    handle = (res) => {
      events = []
      res.on('close', () => {
        events.push('close')
        closed.notify()
      })
      res.end('x', () => events.push('end called back'))
    }
    const got = request(held.session, { ':path': '/' })
    await hold.committed(1)
    got.stream.close(8)
    expect(await hold.ended(1)).toEqual(['gone'])
    await closed.until(() => events.includes('close'))
    hold.release()
    await new Promise((resolve) => setImmediate(resolve))
    expect(hold.ends).toEqual(['gone'])
    expect(hold.headsSent).toEqual([false])
  })

  it('end when the handler destroys its response', async () => {
    handle = (res) => {
      res.end('x')
      setImmediate(() => res.stream.destroy())
    }
    const got = request(held.session, { ':path': '/' })
    expect(await hold.ended(1)).toEqual(['gone'])
    await got.ended
    expect(got.isComplete()).toBe(false)
  })

  it('never begin for a response that is destroyed before its end', async () => {
    const closed = createSignal()
    let isClosed = false
    handle = (res) => {
      res.write('part')
      res.on('close', () => {
        isClosed = true
        closed.notify()
      })
      setImmediate(() => {
        res.stream.destroy()
        res.end()
      })
    }
    await request(held.session, { ':path': '/' }).ended
    await closed.until(() => isClosed)
    expect(hold.commits).toBe(0)
    expect(hold.ends).toEqual([])
  })

  it('last while the server closes, and then the response arrives', async () => {
    handle = (res) => void res.end('still here')
    const got = request(held.session, { ':path': '/' })
    await hold.committed(1)
    held.serving.server.close()
    hold.release()
    await got.ended
    expect(got.body()).toBe('still here')
    expect(got.isComplete()).toBe(true)
  })
})

describe('a held response on HTTP/2 whose end another library, mounted before, carries out later', () => {
  async function begin(): Promise<{
    hold: HoldControl
    got: Http2Exchange
    goOn: () => void
    closed: Promise<unknown>
    close: () => Promise<void>
  }> {
    const hold = createHoldControl()
    let goOn = (): void => undefined
    let closed = (_value: unknown): void => undefined
    const begun = createSignal()
    let hasBegun = false
    const isClosed = new Promise((resolve) => (closed = resolve))
    const { session, close } = await harness((_req, res) => {
      const end = res.end.bind(res)
      res.end = (() => {
        goOn = () => void end('late')
        hasBegun = true
        begun.notify()
        return res
      }) as typeof res.end
      res.on('close', closed)
      holdResponse(res, hold.options())
      res.end()
    })
    const got = request(session, { ':path': '/' })
    await begun.until(() => hasBegun)
    return { hold, got, goOn, closed: isClosed, close }
  }

  it('is held until that is done and its record is safe', async () => {
    const { hold, got, goOn, close } = await begin()
    expect(hold.commits).toBe(0)
    goOn()
    await hold.committed(1)
    expect(got.events).toEqual([])
    hold.release()
    await got.ended
    expect(got.body()).toBe('late')
    expect(got.isComplete()).toBe(true)
    await close()
  })

  it('has no record asked for when the client leaves before', async () => {
    const { hold, got, closed, close } = await begin()
    got.stream.close(8)
    await closed
    expect(hold.commits).toBe(0)
    expect(hold.ends).toEqual([])
    await close()
  })
})
