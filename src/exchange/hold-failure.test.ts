import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  createHoldControl,
  createSignal,
  type HoldControl,
  type Serving,
  serve,
} from '../../test/support/hold-control.ts'
import { connectRaw, parseResponses, type RawClient } from '../../test/support/raw-client.ts'
import { holdResponse } from './hold.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
type Settings = Parameters<typeof createHoldControl>[0]
type Handler = (res: ServerResponse, req: IncomingMessage) => void

interface Started {
  readonly hold: HoldControl
  readonly serving: Serving
  readonly client: RawClient
  readonly responses: readonly ServerResponse[]
}

const opened: Serving[] = []
afterEach(async () => {
  for (const serving of opened.splice(0)) await serving.close()
})

async function start(handler: Handler, settings: Settings = {}, tls = false): Promise<Started> {
  const hold = createHoldControl(settings)
  const responses: ServerResponse[] = []
  const serving = await serve((req, res) => {
    holdResponse(res, hold.options())
    responses.push(res)
    handler(res, req)
  }, tls)
  opened.push(serving)
  return { hold, serving, responses, client: await connectRaw({ port: serving.port, tls }) }
}

/** A few turns of the event loop: whatever was going to happen in them has happened. */
async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const writeThenEnd: Handler = (res) => {
  res.write('part')
  setImmediate(() => res.end())
}

describe('a response whose record cannot be kept', () => {
  it.each([
    ['end(chunk)', (res: ServerResponse) => void res.end('secret')],
    ['end()', (res: ServerResponse) => void res.end()],
    ['a buffer', (res: ServerResponse) => void res.end(Buffer.from('secret'))],
    [
      'a write of the declared length',
      (res: ServerResponse) => {
        res.setHeader('Content-Length', 6)
        res.write('secret')
      },
    ],
  ])('becomes a 503 and the connection closes, under closed: %s', async (_way, handler) => {
    const { client, hold } = await start(handler, { onFailure: 'closed' })
    client.send(GET)
    await hold.committed(1)
    hold.fail()
    expect(await client.closed).toBe('end')
    const [response] = parseResponses(client.received(), ['GET'], true)
    expect(response).toMatchObject({ status: 503, isComplete: true })
    expect(response?.head).toContain('Content-Type: application/problem+json\r\n')
    expect(response?.head).toContain('Connection: close\r\n')
    expect(JSON.parse(response?.body ?? '')).toMatchObject({ status: 503, title: 'Service Unavailable' })
    expect(client.received()).not.toContain('secret')
    expect(hold.ends).toEqual(['refused'])
    expect(hold.headsSent).toEqual([false])
  })

  it('becomes a 503 without a body for HEAD', async () => {
    const { client, hold } = await start((res) => void res.end(), { onFailure: 'closed' })
    client.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n')
    await hold.committed(1)
    hold.fail()
    await client.closed
    expect(client.received()).toMatch(/^HTTP\/1\.1 503 [\s\S]*\r\n\r\n$/)
  })

  it('becomes a 503 for a pipelined response, and those behind it are not sent', async () => {
    const { client, hold, responses } = await start((res) => void res.end('answer'), { onFailure: 'closed' })
    client.send(GET.repeat(3))
    await hold.committed(1)
    hold.release(0)
    await hold.committed(2)
    hold.fail(1)
    await client.closed
    expect(parseResponses(client.received(), ['GET', 'GET', 'GET'], true).map(({ status }) => status)).toEqual([
      200, 503,
    ])
    expect(hold.commits).toBe(2)
    expect(responses).toHaveLength(3)
  })

  it.each([
    ['in chunks', GET, false],
    ['to a client that reads until the end', 'GET / HTTP/1.0\r\n\r\n', false],
    ['over TLS', GET, true],
  ])('is cut off where a part has gone out, under closed: %s', async (_way, request, tls) => {
    const { client, hold, responses } = await start(writeThenEnd, { onFailure: 'closed' }, tls)
    const events: string[] = []
    client.send(request)
    await hold.committed(1)
    await client.until((text) => text.includes('part'))
    responses[0]?.on('finish', () => events.push('finish'))
    const closed = new Promise<void>((resolve) => responses[0]?.on('close', resolve))
    hold.fail()
    const how = await client.closed
    await closed
    if (!tls) expect(how).toBe('reset')
    const [response] = parseResponses(client.received(), ['GET'], how === 'end')
    expect(response?.isComplete).toBe(false)
    expect(events).toEqual([])
    expect(responses[0]?.writableFinished).toBe(false)
    expect(hold.ends).toEqual(['cut'])
    expect(hold.headsSent).toEqual([true])
  })

  it('goes out as it was, under open', async () => {
    const { client, hold } = await start((res) => void res.end('answer'))
    client.send(GET)
    await hold.committed(1)
    hold.fail()
    const [response] = await client.responses(['GET'])
    expect(response).toMatchObject({ status: 200, body: 'answer' })
    expect(hold.ends).toEqual(['failed-open'])
    expect(hold.headsSent).toEqual([true])
  })

  it.each([
    ['open', 200, 'failed-open'],
    ['closed', 503, 'refused'],
  ] as const)('fails when it takes too long: %s', async (onFailure, status, how) => {
    const { client, hold } = await start((res) => void res.end('answer'), { onFailure, timeoutMs: 20 })
    client.send(GET)
    const [response] = await client.responses(['GET'])
    expect(response?.status).toBe(status)
    expect(await hold.ended(1)).toEqual([how])
    hold.release()
    await someTurns()
    expect(hold.ends).toEqual([how])
  })

  it('counts as failed when commit throws', async () => {
    const throwing = (): Promise<void> => {
      throw new Error('broken')
    }
    const hold = createHoldControl({ onFailure: 'closed' })
    const serving = await serve((_req, res) => {
      holdResponse(res, { ...hold.options(), commit: throwing })
      res.end('answer')
    })
    opened.push(serving)
    const client = await connectRaw(serving.port)
    client.send(GET)
    expect((await client.responses(['GET']))[0]?.status).toBe(503)
    expect(await hold.ended(1)).toEqual(['refused'])
  })

  it('tells those who wait for a write that it was not sent', async () => {
    const errors: unknown[] = []
    const told = createSignal()
    const { client, hold } = await start(
      (res) => {
        res.setHeader('Content-Length', 4)
        res.write('1234', (error) => {
          errors.push((error as { code?: string } | undefined)?.code)
          told.notify()
        })
        res.end()
      },
      { onFailure: 'closed' },
    )
    client.send(GET)
    await hold.committed(1)
    hold.fail()
    await told.until(() => errors.length > 0)
    expect(errors).toEqual(['ERR_STREAM_DESTROYED'])
  })
})

describe('a connection that closes while its response is held', () => {
  const closings: [string, (started: Started) => unknown][] = [
    ['the client resets it', ({ client }) => client.socket.resetAndDestroy()],
    ['the handler destroys the response', ({ responses }) => responses[0]?.destroy()],
    ['the handler destroys the socket', ({ responses }) => responses[0]?.req.socket.destroy(new Error('enough'))],
    ['the server closes all connections', ({ serving }) => serving.server.closeAllConnections()],
    ['the client sends what is no HTTP', ({ client }) => client.send('nonsense\r\n\r\n')],
    [
      'it times out',
      ({ responses }) => {
        responses[0]?.req.socket.setTimeout(10)
      },
    ],
  ]

  it.each(closings)('ends the hold once, and nothing is left behind: %s', async (_how, close) => {
    const events: unknown[] = []
    const started = await start((res) => {
      res.on('finish', () => events.push('finish'))
      res.on('close', () => events.push('close', res.writableFinished))
      res.end('x')
    })
    const { client, hold, responses } = started
    const rejections = vi.fn()
    process.on('unhandledRejection', rejections)
    client.send(GET)
    await hold.committed(1)
    const socket = responses[0]?.req.socket
    close(started)
    expect(await hold.ended(1)).toEqual(['gone'])
    await someTurns()
    hold.release()
    await someTurns()
    process.off('unhandledRejection', rejections)
    expect(rejections).not.toHaveBeenCalled()
    expect(hold.ends).toEqual(['gone'])
    expect(hold.headsSent).toEqual([false])
    expect(events).toEqual(['close', false])
    expect(socket?.write).toBe(Object.getPrototypeOf(socket).write)
    expect(socket?.end).toBe(Object.getPrototypeOf(socket).end)
    expect(await connectionsOf(started)).toBe(0)
  })

  function connectionsOf({ serving }: Started): Promise<number> {
    return new Promise((resolve, reject) =>
      serving.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    )
  }

  it('gives a client that has only closed its sending side the complete response', async () => {
    const { client, hold, responses } = await start((res) => void res.end('answer'))
    client.send(GET)
    await hold.committed(1)
    client.socket.end()
    await new Promise<void>((resolve) => responses[0]?.req.socket.once('end', resolve))
    await someTurns()
    expect(hold.ends).toEqual([])
    hold.release()
    expect((await client.responses(['GET']))[0]?.body).toBe('answer')
    expect(await client.closed).toBe('end')
    expect(hold.ends).toEqual(['released'])
  })

  it('never has its record asked for when it closes before the end', async () => {
    const closed = createSignal()
    let count = 0
    const { client, hold } = await start((res) => {
      res.write('part')
      res.on('close', () => {
        count++
        closed.notify()
      })
      setImmediate(() => {
        res.destroy()
        res.end()
      })
    })
    client.send(GET)
    await closed.until(() => count === 1)
    await someTurns()
    expect(hold.commits).toBe(0)
    expect(hold.ends).toEqual([])
  })

  it('never has its record asked for when a pipelined response has not had its turn', async () => {
    const { client, hold, responses } = await start((res) => void res.end('answer'))
    client.send(GET.repeat(3))
    await hold.committed(1)
    await expect.poll(() => responses.length, { interval: 1 }).toBe(3)
    client.socket.resetAndDestroy()
    expect(await hold.ended(1)).toEqual(['gone'])
    await someTurns()
    expect(hold.commits).toBe(1)
  })
})

describe('a server that closes while responses are held', () => {
  it('lets them out first', async () => {
    const { client, hold, serving } = await start((res) => void res.end('answer'))
    client.send(GET)
    await hold.committed(1)
    const closed = new Promise((resolve) => serving.server.close(resolve))
    serving.server.closeIdleConnections()
    await someTurns()
    expect(hold.ends).toEqual([])
    hold.release()
    expect((await client.responses(['GET']))[0]?.body).toBe('answer')
    serving.server.closeIdleConnections()
    await closed
  })

  it('closes connections that are idle, as in bare Node', async () => {
    const { client, hold, serving } = await start((res) => void res.end('answer'))
    client.send(GET)
    await hold.committed(1)
    hold.release()
    await client.responses(['GET'])
    await new Promise((resolve) => serving.server.close(resolve))
    expect(await client.closed).toBe('end')
  })
})

describe('many held responses', () => {
  it('are held side by side, and each goes to its own client', async () => {
    const { hold, serving } = await start((res, req) => void res.end(req.url))
    const all = Array.from({ length: 500 }, async (_, index) => {
      const client = await connectRaw(serving.port)
      client.send(`GET /${index} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
      await client.closed
      return parseResponses(client.received(), ['GET'], true)[0]?.body
    })
    await hold.committed(500)
    hold.release()
    expect(await Promise.all(all)).toEqual(Array.from({ length: 500 }, (_, index) => `/${index}`))
    expect(hold.ends).toHaveLength(500)
  })

  it('slow the writer of a large stream down as in bare Node: only the tail is queued', async () => {
    const block = Buffer.alloc(64 * 1024)
    let sent = 0
    let hasWaited = false
    const { client, hold } = await start((res) => {
      const more = (): void => {
        while (sent < 400) {
          sent++
          if (!res.write(block)) {
            hasWaited = true
            res.once('drain', more)
            return
          }
        }
        res.end()
      }
      more()
    })
    client.socket.pause()
    client.send(GET)
    await someTurns()
    expect(sent).toBeLessThan(400)
    expect(hold.commits).toBe(0)
    client.socket.resume()
    await hold.committed(1)
    expect(hasWaited).toBe(true)
    const held = await client.until((text) => text.length > 400 * block.length)
    expect(held.endsWith('0\r\n\r\n')).toBe(false)
    hold.release()
    await client.until((text) => text.endsWith('\r\n0\r\n\r\n'))
  })
})
