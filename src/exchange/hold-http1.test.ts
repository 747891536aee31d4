import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, answers, answerTo, requestFor } from '../../test/support/answers.ts'
import { createHoldControl, type HoldControl, type Serving, serve } from '../../test/support/hold-control.ts'
import { connectRaw, parseResponses, withoutDate } from '../../test/support/raw-client.ts'
import { aWhile } from '../../test/support/time.ts'
import { holdResponse } from './hold.ts'

const ways = answers.filter(({ only }) => only !== 'http2')

interface Seen {
  /** Everything that the client got. */
  readonly bytes: string
  /** What the handler noted and the events of its response, in order. */
  readonly notes: readonly unknown[]
}

/** Answers a request; resolves with what the handler saw once its response has closed. */
function answering(before: (res: ServerResponse) => void): {
  handler(req: IncomingMessage, res: ServerResponse): void
  readonly notes: Promise<readonly unknown[]>
  noted(what: string): void
} {
  const notes: unknown[] = []
  let done = (_notes: readonly unknown[]): void => undefined
  return {
    notes: new Promise((resolve) => (done = resolve)),
    noted: (what) => void notes.push(what),
    handler(req, res) {
      before(res)
      for (const event of ['prefinish', 'finish', 'close'] as const) res.on(event, () => notes.push(event))
      res.on('close', () => setImmediate(() => done(notes)))
      answerTo(req).answer(req, res, (...values) => notes.push(values))
    },
  }
}

async function exchange(way: Answer, hold: HoldControl | undefined, tls = false): Promise<Seen> {
  const { handler, notes, noted } = answering((res) => {
    if (hold !== undefined) holdResponse(res, hold.options())
  })
  const serving = await serve(handler, tls)
  const client = await connectRaw({ port: serving.port, tls })
  try {
    client.send(requestFor(way))
    if (hold !== undefined) {
      await hold.committed(1)
      noted('released')
      hold.release()
    }
    const seen = await notes
    await client.responses([way.method ?? 'GET']).catch(() => [])
    return { bytes: withoutDate(client.received()), notes: seen }
  } finally {
    client.socket.destroy()
    await serving.close()
  }
}

/** The moment of `finish` is the one thing that may differ. */
function unfinished(notes: readonly unknown[]): readonly unknown[] {
  return notes.filter((note) => note !== 'finish' && note !== 'released')
}

describe('a held response on HTTP/1', () => {
  it('is not complete at the client while its record is not safe, but its earlier parts are there', async () => {
    const hold = createHoldControl()
    const serving = await serve((req, res) => {
      holdResponse(res, hold.options())
      res.on('error', () => undefined)
      answerTo(req).answer(req, res, () => undefined)
    })
    const clients = await Promise.all(
      ways.map(async (way) => {
        const client = await connectRaw(serving.port)
        client.send(requestFor(way))
        return { way, client }
      }),
    )
    await hold.committed(ways.length)
    await aWhile(300)
    for (const { way, client } of clients) {
      const received = client.received()
      const final = parseResponses(received, [way.method ?? 'GET'], client.socket.readableEnded).filter(
        ({ status }) => status >= 200,
      )
      expect(
        final.filter(({ isComplete }) => isComplete),
        way.name,
      ).toEqual([])
      if (way.early === undefined)
        expect(
          final.map(({ body }) => body),
          way.name,
        ).toEqual(final.map(() => expect.any(String)))
      else expect(received, way.name).toContain(way.early)
    }
    const bodiless = clients.filter(({ way }) => way.method === 'HEAD' || /^(204|304|205)/.test(way.name))
    expect(bodiless.length).toBeGreaterThan(8)
    for (const { way, client } of bodiless) expect(client.received(), way.name).toBe('')
    for (const { client } of clients) client.socket.destroy()
    await serving.close()
  })

  for (const way of ways) {
    it(`goes out byte for byte as without us, and the handler sees the same: ${way.name}`, async () => {
      const bare = await exchange(way, undefined)
      const hold = createHoldControl()
      const held = await exchange(way, hold)
      expect(held.bytes).toBe(bare.bytes)
      expect(unfinished(held.notes)).toEqual(unfinished(bare.notes))
      expect(held.notes.indexOf('finish')).toBeGreaterThan(held.notes.indexOf('released'))
      expect(held.notes.at(-1)).toBe('close')
      expect(hold.commits).toBe(1)
      expect(hold.ends).toEqual(['released'])
    })
  }

  for (const way of ways.filter(({ name }) =>
    /^(end\(chunk\)|several|HEAD, flush|204|pipe|end of a large)/.test(name),
  )) {
    it(`goes out byte for byte as without us over TLS: ${way.name}`, async () => {
      const bare = await exchange(way, undefined, true)
      const held = await exchange(way, createHoldControl(), true)
      expect(held.bytes).toBe(bare.bytes)
      expect(unfinished(held.notes)).toEqual(unfinished(bare.notes))
    })
  }
})

describe('the connection of held responses', () => {
  let hold: HoldControl
  let serving: Serving
  const responses = new Map<string, ServerResponse>()

  beforeEach(async () => {
    hold = createHoldControl()
    serving = await serve((req, res) => {
      holdResponse(res, hold.options())
      responses.set(String(req.url), res)
    })
  })
  afterEach(async () => {
    responses.clear()
    await serving.close()
  })

  it('carries the next request, which is held on its own, and is left as it was', async () => {
    const client = await connectRaw(serving.port)
    const seen: unknown[] = []
    const listeners: number[] = []
    serving.server.on('request', (req) => {
      const { write, end } = req.socket
      const others = Object.getOwnPropertyNames(req.socket).filter(
        (name) => !['timeout', 'write', 'end'].includes(name),
      )
      seen.push({ write, end, others })
      listeners.push(req.socket.listenerCount('close'))
    })
    for (const turn of [1, 2, 3]) {
      client.send(`GET /${turn} HTTP/1.1\r\nHost: a\r\n\r\n`)
      await expect.poll(() => responses.has(`/${turn}`), { interval: 1 }).toBe(true)
      responses.get(`/${turn}`)?.end(`answer ${turn}`)
      await hold.committed(turn)
      expect(parseResponses(client.received(), ['GET', 'GET', 'GET'], false)).toHaveLength(turn - 1)
      hold.release(turn - 1)
      await client.until((text) => text.endsWith(`answer ${turn}`))
    }
    expect(seen[1]).toEqual(seen[0])
    expect(seen[2]).toEqual(seen[0])
    expect(listeners[2]).toBe(listeners[0])
    expect(await hold.ended(3)).toEqual(['released', 'released', 'released'])
    client.socket.destroy()
  })

  it('carries pipelined responses in order, whatever the order in which they end', async () => {
    const paths = Array.from({ length: 20 }, (_, index) => `/${index}`)
    const order = paths.map((path, index) => ({ path, rank: (index * 7) % 20 })).sort((a, b) => a.rank - b.rank)
    const client = await connectRaw(serving.port)
    client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
    await expect.poll(() => responses.size, { interval: 1 }).toBe(20)
    for (const [index, path] of paths.entries()) if (index % 3 === 0) responses.get(path)?.write('part of ')
    // From Node.js 26 on, what is written in the turn of its end shares a chunk with it.
    await new Promise(setImmediate)
    for (const { path } of order) responses.get(path)?.end(path)
    for (const turn of paths.keys()) {
      await hold.committed(turn + 1)
      const complete = parseResponses(
        client.received(),
        paths.map(() => 'GET'),
        false,
      ).filter(({ isComplete }) => isComplete)
      expect(complete.length).toBeLessThanOrEqual(turn)
      hold.release(turn)
    }
    const received = await client.responses(paths.map(() => 'GET'))
    expect(received.map(({ body }) => body)).toEqual(
      paths.map((path, index) => (index % 3 === 0 ? `8\r\npart of \r\n${path.length}\r\n${path}\r\n0\r\n\r\n` : path)),
    )
    expect(await hold.ended(20)).toEqual(paths.map(() => 'released'))
    client.socket.destroy()
  })

  it('is left as it was by two holds of each response, whichever is released first', async () => {
    const other = createHoldControl()
    const properties: (readonly string[])[] = []
    const twice = await serve((req, res) => {
      properties.push(Object.getOwnPropertyNames(req.socket).filter((name) => name !== 'timeout'))
      holdResponse(res, hold.options())
      holdResponse(res, other.options())
      res.end(String(req.url))
    })
    const client = await connectRaw(twice.port)
    for (const turn of [0, 1, 2, 3]) {
      client.send(`GET /${turn} HTTP/1.1\r\nHost: a\r\n\r\n`)
      const [first, second] = turn % 2 === 0 ? [hold, other] : [other, hold]
      await Promise.all([hold.committed(turn + 1), other.committed(turn + 1)])
      first.release(turn)
      await first.ended(turn + 1)
      expect(client.received().endsWith(`\n/${turn}`)).toBe(false)
      second.release(turn)
      await client.until((text) => text.endsWith(`/${turn}`))
    }
    expect(properties[3]).toEqual(properties[1])
    client.socket.destroy()
    await twice.close()
  })

  it('sends nothing, and asks for no record, where the client closed its side before the end', async () => {
    const client = await connectRaw(serving.port)
    client.send('GET /late HTTP/1.1\r\nHost: a\r\n\r\n')
    await expect.poll(() => responses.has('/late'), { interval: 1 }).toBe(true)
    const res = responses.get('/late')
    const ended = new Promise((resolve) => res?.req.socket.once('end', resolve))
    client.socket.end()
    await ended
    res?.end('late')
    await client.closed
    expect(client.received()).toBe('')
    expect(hold.commits).toBe(0)
  })
})

describe('a response that is complete before its end', () => {
  it.each([
    ['its last write', 'GET', (res: ServerResponse) => void res.setHeader('Content-Length', 4).write('1234')],
    ['its flushed head', 'HEAD', (res: ServerResponse) => res.flushHeaders()],
  ])('is held from %s on, and emits finish only after its release', async (_part, method, begin) => {
    const hold = createHoldControl()
    const notes: string[] = []
    let end = (): void => undefined
    const serving = await serve((_req, res) => {
      holdResponse(res, hold.options())
      begin(res)
      res.on('finish', () => notes.push('finish'))
      end = () => void res.end(() => notes.push('end called back'))
    })
    const client = await connectRaw(serving.port)
    client.send(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`)
    await hold.committed(1)
    end()
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(notes).toEqual([])
    expect(client.received()).toBe('')
    hold.release()
    await client.responses([method])
    await expect.poll(() => notes.length, { interval: 1 }).toBe(2)
    expect(hold.commits).toBe(1)
    client.socket.destroy()
    await serving.close()
  })

  it('lets the handler go on in the same turn before its record is made', async () => {
    const hold = createHoldControl()
    let commits = -1
    const serving = await serve((_req, res) => {
      holdResponse(res, hold.options())
      res.setHeader('Content-Length', 4)
      res.write('1234')
      commits = hold.commits
      res.end()
    })
    const client = await connectRaw(serving.port)
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await hold.committed(1)
    expect(commits).toBe(0)
    hold.release()
    await client.responses(['GET'])
    client.socket.destroy()
    await serving.close()
  })
})

describe('the listeners of a held response', () => {
  it('run in the async context of its request', async () => {
    const storage = new AsyncLocalStorage<string>()
    const seen: (string | undefined)[] = []
    const hold = createHoldControl()
    const serving = await serve((req, res) => {
      storage.run(String(req.url), () => {
        holdResponse(res, hold.options())
        res.on('finish', () => seen.push(storage.getStore()))
        res.end('x')
      })
    })
    const client = await connectRaw(serving.port)
    client.send('GET /mine HTTP/1.1\r\nHost: a\r\n\r\n')
    await hold.committed(1)
    hold.release()
    await expect.poll(() => seen, { interval: 1 }).toEqual(['/mine'])
    client.socket.destroy()
    await serving.close()
  })
})
