import { Hono } from 'hono'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { type FetchSettings, fetchAudit } from '../../src/adapters/fetch.ts'
import { honoAudit } from '../../src/adapters/hono.ts'
import { AuditError } from '../../src/lib/errors.ts'
import type { AuditRecord } from '../../src/record/record.ts'
import { memorySink } from '../../src/testing/memory-sink.ts'
import { createSignal } from '../support/hold-control.ts'
import { aWhile } from '../support/time.ts'
import { openAudit } from './adapter/harness.ts'
import { honoApp } from './hono-app.ts'

type Answer = (request: Request, ...rest: unknown[]) => Response | Promise<Response>

interface Opened {
  ask(path: string, init?: RequestInit, ...rest: unknown[]): Promise<Response>
  /** Exactly so many records, once everything was delivered and closed. */
  records(count: number): Promise<readonly AuditRecord[]>
  current(): ReturnType<ReturnType<typeof fetchAudit>['audit']['current']>
}

let names = 0

/** A handler behind the fetch door. */
function openFetch(answer: Answer, settings: Partial<FetchSettings> = {}): Opened {
  const sink = memorySink()
  names += 1
  const audited = fetchAudit({ loggerName: `fetch ${names}`, logHandler: sink, closeTimeoutMs: 2_000, ...settings })
  onTestFinished(() => audited.audit.close())
  const handler = audited(answer)
  return {
    ask: (path, init, ...rest) => handler(new Request(`https://app.example.org${path}`, init), ...rest),
    current: () => audited.audit.current(),
    async records(count) {
      await audited.audit.close()
      expect(sink.records).toHaveLength(count)
      return sink.records
    },
  }
}

/** The same handler as a route of Hono's, without a server. */
function openHono(answer: Answer, settings: Partial<FetchSettings> = {}): Opened {
  const { audit, sink } = openAudit({ closeTimeoutMs: 2_000, ...(settings as object) })
  onTestFinished(() => audit.close())
  const app = new Hono()
  app.use(honoAudit(audit))
  app.all('*', (context) => answer(context.req.raw))
  return {
    ask: async (path, init) => app.request(`https://app.example.org${path}`, init),
    current: () => audit.current(),
    async records(count) {
      await audit.close()
      expect(sink.records).toHaveLength(count)
      return sink.records
    },
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A body of these parts, one for each time that it is asked. */
function streamOf(parts: readonly unknown[], options: { type?: 'bytes'; asked?: () => void } = {}): ReadableStream {
  const rest = [...parts]
  const pull = (controller: { enqueue(part: never): void; close(): void }): void => {
    options.asked?.()
    if (rest.length === 0) controller.close()
    else controller.enqueue(rest.shift() as never)
  }
  return options.type === 'bytes'
    ? new ReadableStream({ type: 'bytes', pull })
    : new ReadableStream({ pull }, { highWaterMark: 0 })
}

describe.each([
  ['fetchAudit', openFetch],
  ['Hono without a server', openHono],
] as const)('%s', (name, open) => {
  test('an answer leaves one record, with what was asked and what was answered', async () => {
    const app = open(() => new Response('hello', { status: 201, headers: { 'x-a': '1' } }))
    const response = await app.ask('/a/b?token=secret&q=1', { method: 'POST', headers: { 'user-agent': 'tester/1' } })
    expect([response.status, await response.text()]).toEqual([201, 'hello'])
    expect(await app.records(1)).toMatchObject([
      {
        http_request: {
          method: 'POST',
          url: 'https://app.example.org/a/b?token=REDACTED&q=1',
          user_agent: 'tester/1',
        },
        http_response: { status_code: 201, reason: 'Created', headers: { 'x-a': '1' } },
        user: { authenticated: false, ip: null },
        outcome: 'success',
      },
    ])
  })

  test.each([
    [204, 'success'],
    [304, 'success'],
    [401, 'denied'],
    [500, 'failure'],
  ])('%i without a body is recorded when it is returned', async (status, outcome) => {
    const app = open(() => new Response(null, { status }))
    const response = await app.ask('/')
    expect([response.status, response.body]).toEqual([status, null])
    expect(await app.records(1)).toMatchObject([{ http_response: { status_code: status }, outcome }])
  })

  test('a body is recorded when it has been read to its end, and not before', async () => {
    const app = open(() => new Response(streamOf([bytes('a'), bytes('b')])))
    const reader = (await app.ask('/')).body!.getReader()
    await reader.read()
    await reader.read()
    await app.current().event().sendLog()
    expect((await reader.read()).done).toBe(true)
    expect(await app.records(1)).toMatchObject([{ outcome: 'success', http_response: { status_code: 200 } }])
  })

  test('empty parts, and parts of any size, come through as they are', async () => {
    const parts = [bytes(''), bytes('a'), bytes(''), new Uint8Array(100_000)]
    const app = open(() => new Response(streamOf(parts)))
    const reader = (await app.ask('/')).body!.getReader()
    for (const part of parts) expect((await reader.read()).value).toBe(part)
    expect((await reader.read()).done).toBe(true)
    await app.records(1)
  })

  test('a stream of bytes stays one that is read into a buffer', async () => {
    const app = open(() => new Response(streamOf([bytes('hello')], { type: 'bytes' })))
    const reader = (await app.ask('/')).body!.getReader({ mode: 'byob' })
    const { value } = await reader.read(new Uint8Array(10))
    expect(new TextDecoder().decode(value)).toBe('hello')
    expect((await reader.read(new Uint8Array(10))).done).toBe(true)
    expect(await app.records(1)).toMatchObject([{ outcome: 'success' }])
  })

  test('the stream of the app is asked only as fast as the client reads', async () => {
    let asked = 0
    const parts = Array.from({ length: 50 }, () => bytes('part'))
    const app = open(() => new Response(streamOf(parts, { asked: () => asked++ })))
    const reader = (await app.ask('/')).body!.getReader()
    await reader.read()
    await aWhile(20)
    expect(asked).toBe(1)
    await reader.cancel()
    await app.records(1)
  })

  test('a client that leaves is told to the app’s stream, and aborted', async () => {
    const reasons: unknown[] = []
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(bytes('part')),
      cancel: (reason) => void reasons.push(reason),
    })
    const app = open(() => new Response(body))
    const reader = (await app.ask('/')).body!.getReader()
    await reader.read()
    await reader.cancel('gone')
    expect(reasons).toEqual(['gone'])
    expect(await app.records(1)).toMatchObject([{ outcome: 'aborted', http_response: { status_code: 200 } }])
  })

  test('a stream that fails is a failure, with its error', async () => {
    const app = open(() => new Response(new ReadableStream({ pull: () => Promise.reject(new RangeError('torn')) })))
    const response = await app.ask('/')
    await expect(response.text()).rejects.toThrow('torn')
    expect(await app.records(1)).toMatchObject([{ outcome: 'failure', error: { type: 'RangeError', message: 'torn' } }])
  })

  test('several cookies stay several, for the client and in the record', async () => {
    const headers = new Headers([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ])
    const app = open(() => new Response('x', { headers }))
    const response = await app.ask('/')
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    await response.text()
    expect((await app.records(1))[0]?.http_response?.headers['set-cookie']).toEqual(['REDACTED', 'REDACTED'])
  })

  test('the answer to HEAD is recorded although nobody reads its body', async () => {
    const app = open(() => new Response('hello'))
    await app.ask('/', { method: 'HEAD' })
    expect(await app.records(1)).toMatchObject([{ http_request: { method: 'HEAD' }, outcome: 'success' }])
  })

  test('a body that the app has locked, teed or read is left to it', async () => {
    const locked = new Response('x')
    locked.body!.getReader()
    const teed = new Response('x')
    teed.body!.tee()
    const read = new Response('x')
    await read.text()
    const answers = [locked, teed, read, new Response('clone').clone(), Response.error()]
    const app = open(() => answers.shift()!)
    for (const _ of [...answers])
      await app
        .ask('/')
        .then((response) =>
          response.bodyUsed || response.body?.locked ? undefined : response.text().catch(() => undefined),
        )
    await app.records(5)
  })

  test('500 requests in parallel are never mixed', async () => {
    const app = open(async (request) => {
      const id = new URL(request.url).pathname.slice(1)
      await new Promise((resolve) => setTimeout(resolve, (Number(id) * 7) % 13))
      return new Response(streamOf([bytes(id)], { asked: () => app.current().info(`message ${id}`) }))
    })
    const ids = Array.from({ length: 500 }, (_, index) => String(index))
    const texts = await Promise.all(ids.map(async (id) => (await app.ask(`/${id}`)).text()))
    expect(texts).toEqual(ids)
    for (const { message = '', http_request } of await app.records(500)) {
      expect(http_request?.url).toBe(`https://app.example.org/${message.slice('message '.length)}`)
    }
  })

  test('an exempt path leaves none', async () => {
    const app = open(() => new Response('ok'), { exemptUrls: ['^/health$'] })
    await (await app.ask('/health')).text()
    await app.records(0)
  })

  test('forwarded headers are believed only where a proxy is trusted', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'shop.test' }
    const trusting = open(() => new Response(null), { trustedProxies: 1 })
    await trusting.ask('/a?b=c', { headers })
    expect(await trusting.records(1)).toMatchObject([
      { user: { ip: '203.0.113.7' }, http_request: { url: 'http://shop.test/a?b=c' } },
    ])
    const errors: AuditError[] = []
    const wary = open(() => new Response(null), { onError: (error) => errors.push(error) })
    await wary.ask('/a', { headers })
    expect(await wary.records(1)).toMatchObject([
      { user: { ip: null }, http_request: { url: 'https://app.example.org/a' } },
    ])
    expect(errors.map(({ code }) => code)).toEqual(['PROXY_NOT_TRUSTED'])
  })

  test('the request’s id is echoed where that is asked for, with or without a body', async () => {
    const app = open((request) => new Response(request.url.endsWith('/full') ? 'x' : null), { echoRequestId: true })
    const headers = { 'x-request-id': 'r-1' }
    const full = await app.ask('/full', { headers })
    expect([full.headers.get('x-request-id'), await full.text()]).toEqual(['r-1', 'x'])
    expect((await app.ask('/empty', { headers })).headers.get('x-request-id')).toBe('r-1')
    await app.records(2)
  })

  test('a record that is not done when the audit log closes is a failure', async () => {
    const app = open(() => new Response(streamOf([bytes('never read')])))
    await app.ask('/')
    expect(await app.records(1)).toMatchObject([{ outcome: 'failure', http_response: { status_code: 200 } }])
    expect(name).not.toBe('')
  })
})

describe('fetchAudit', () => {
  test.each([
    [
      'throws',
      (): Response => {
        throw new TypeError('no such table')
      },
    ],
    ['rejects', (): Promise<Response> => Promise.reject(new TypeError('no such table'))],
  ])('a handler that %s is a failure with nothing sent, and its error goes on', async (_name, answer) => {
    const app = openFetch(answer)
    await expect(app.ask('/')).rejects.toThrow('no such table')
    expect(await app.records(1)).toMatchObject([
      { outcome: 'failure', http_response: { status_code: null }, error: { type: 'TypeError' } },
    ])
  })

  test('where the client left before the answer it is aborted', async () => {
    const controller = new AbortController()
    const app = openFetch((request) => {
      controller.abort()
      request.signal.throwIfAborted()
      return new Response('late')
    })
    await expect(app.ask('/', { signal: controller.signal })).rejects.toThrow()
    expect(await app.records(1)).toMatchObject([{ outcome: 'aborted', http_response: { status_code: null } }])
  })

  test('an answer that was fetched keeps where it came from', async () => {
    const fetched = new Response('x')
    Object.defineProperties(fetched, { url: { value: 'https://origin.test/' }, redirected: { value: true } })
    const app = openFetch(() => fetched)
    const response = await app.ask('/')
    expect([response.url, response.redirected, await response.text()]).toEqual(['https://origin.test/', true, 'x'])
    await app.records(1)
  })

  test('a request has its logger where there is no asynchronous context', async () => {
    const sink = memorySink()
    const audited = fetchAudit({ loggerName: 'fetch bare', logHandler: sink, context: false })
    await audited((request) => {
      audited.auditLogOf(request).setUser({ id: 'jane' }).info('said')
      return new Response(null)
    })(new Request('https://app.example.org/'))
    audited.auditLogOf(new Request('https://app.example.org/')).info('nobody')
    await audited.audit.close()
    expect(sink.records).toMatchObject([{ message: 'said', user: { id: 'jane' } }])
  })

  test('wrapped twice, and with the same audit log in Hono, a request leaves one record', async () => {
    const sink = memorySink()
    const audited = fetchAudit({ loggerName: 'fetch nested', logHandler: sink })
    const app = new Hono<{ Variables: { user: unknown } }>()
    app.use(honoAudit(audited.audit))
    app.get('/', (context) => {
      context.set('user', { id: 'jane' })
      context.var.auditLog.info('nested')
      return context.text('hello')
    })
    const response = await audited(audited((request) => app.fetch(request)))(new Request('https://app.example.org/'))
    expect(await response.text()).toBe('hello')
    await audited.audit.close()
    expect(sink.records).toMatchObject([{ message: 'nested', user: { id: 'jane' }, outcome: 'success' }])
  })

  test('the address is what the platform says, and null where that fails', async () => {
    const errors: AuditError[] = []
    const app = openFetch(() => new Response(null), {
      clientAddress: (_request, info) => (info as { address: string }).address,
      onError: (error) => errors.push(error),
    })
    await app.ask('/', {}, { address: '198.51.100.4' })
    await app.ask('/')
    const [known, unknown] = await app.records(2)
    expect([known?.user?.ip, unknown?.user?.ip]).toEqual(['198.51.100.4', null])
    expect(errors.map(({ code }) => code)).toEqual(['ADDRESS_NOT_READ'])
  })

  describe('platforms that freeze', () => {
    /** A destination that takes a record when it is told to. */
    function slow() {
      const taken: AuditRecord[] = []
      const signal = createSignal()
      const waiting: (() => void)[] = []
      return {
        taken,
        asked: () => signal.until(() => waiting.length > 0),
        release: () => {
          for (const resolve of waiting.splice(0)) resolve()
        },
        async write(records: readonly AuditRecord[]) {
          await new Promise<void>((resolve) => {
            waiting.push(resolve)
            signal.notify()
          })
          taken.push(...records)
        },
      }
    }

    test('the context that they give is told to wait for the delivery', async () => {
      const sink = slow()
      const promises: Promise<unknown>[] = []
      const context = {
        waitUntil(promise: Promise<unknown>) {
          expect(this).toBe(context)
          promises.push(promise)
        },
      }
      const app = openFetch(() => new Response('hello'), {
        logHandler: { name: 'slow', ...sink, close: async () => undefined },
      })
      expect(await (await app.ask('/', {}, {}, context)).text()).toBe('hello')
      expect(promises).toHaveLength(1)
      await sink.asked()
      expect(sink.taken).toEqual([])
      sink.release()
      await promises[0]
      expect(sink.taken).toHaveLength(1)
    })

    test.each([
      ['without a body', () => new Response(null)],
      ['with a declared length', () => new Response('hello', { headers: { 'content-length': '5' } })],
      ['with a stream', () => new Response(streamOf([bytes('hel'), bytes('lo')]))],
    ])('an answer %s is complete only when its record was delivered', async (_name, answer) => {
      const sink = slow()
      const app = openFetch(answer, {
        flushBeforeEnd: true,
        logHandler: { name: 'slow', ...sink, close: async () => undefined },
      })
      let isComplete = false
      const complete = app
        .ask('/')
        .then((response) => response.text())
        .then((text) => {
          isComplete = true
          return text
        })
      await sink.asked()
      await aWhile(10)
      expect(isComplete).toBe(false)
      sink.release()
      expect(['', 'hello']).toContain(await complete)
      expect(sink.taken).toHaveLength(1)
    })

    test('a destination that is down holds an answer up no longer than holdTimeoutMs', async () => {
      const logHandler = { name: 'down', write: () => new Promise<void>(() => undefined), close: async () => undefined }
      const app = openFetch(() => new Response('hello'), {
        flushBeforeEnd: true,
        holdTimeoutMs: 20,
        logHandler,
        closeTimeoutMs: 20,
      })
      expect(await (await app.ask('/')).text()).toBe('hello')
    })

    test('a waitUntil that fails is reported, and the answer goes out', async () => {
      const errors: AuditError[] = []
      const app = openFetch(() => new Response('hello'), {
        waitUntil: () => {
          throw new TypeError('too late')
        },
        onError: (error) => errors.push(error),
      })
      expect(await (await app.ask('/')).text()).toBe('hello')
      await app.records(1)
      expect(errors.map(({ code }) => code)).toEqual(['WAIT_UNTIL_FAILED'])
    })
  })

  test('settings that only Node.js can keep are faults that say why', () => {
    const faults = (settings: object): readonly string[] => {
      try {
        fetchAudit(settings as FetchSettings)
        return []
      } catch (error) {
        return error instanceof AuditError ? error.faults : [String(error)]
      }
    }
    expect(faults({})).toEqual([expect.stringMatching(/^logHandler: is missing, expected a sink, a function/)])
    const handler = (): void => undefined
    expect(faults({ logHandler: './sink.js#sink' })).toEqual([expect.stringMatching(/^logHandler: names a module/)])
    expect(faults({ logHandler: handler, guarantee: 'written' })).toEqual([expect.stringMatching(/^guarantee: only/)])
    expect(faults({ logHandler: handler, closeOnSignals: true })).toEqual([
      expect.stringMatching(/^closeOnSignals: no/),
    ])
    expect(faults({ logHandler: handler, flushBeforeEnd: 'yes', nonsense: 1 })).toHaveLength(2)
  })

  describe('without Node’s own modules', () => {
    const { getBuiltinModule } = process
    afterEach(() => void Object.assign(process, { getBuiltinModule }))

    test('it records all the same, without pseudonyms and current()', async () => {
      Object.assign(process, { getBuiltinModule: undefined })
      const app = openFetch(() => new Response('hello'), { exemptUrls: ['^/health$'], onError: () => undefined })
      app.current().info('nobody')
      expect(await (await app.ask('/')).text()).toBe('hello')
      expect(await app.records(1)).toMatchObject([{ message: '', outcome: 'success' }])
      expect(() => openFetch(() => new Response(), { pseudonyms: { key: 'x'.repeat(32), keyId: 'k' } })).toThrow(
        /pseudonyms: need node:crypto/,
      )
    })
  })
})

describe('Hono without a server', () => {
  test.each(['/text', '/teapot', '/throw', '/nowhere', '/cookies', '/nested/a?b=c', '/status/204'])(
    '%s: the client gets what it gets without us, and one record is left',
    async (path) => {
      const { audit, sink } = openAudit()
      const seen = async (response: Response): Promise<unknown> => [
        response.status,
        [...response.headers],
        await response.text(),
      ]
      const bare = await seen(await honoApp([]).request(path))
      expect(await seen(await honoApp([audit]).request(path))).toEqual(bare)
      await audit.close()
      expect(sink.records).toMatchObject([{ http_request: { url: `http://localhost${path}` } }])
      if (path === '/throw') expect(sink.records[0]?.error).toMatchObject({ message: 'db down' })
    },
  )

  test('its execution context waits for the delivery', async () => {
    const { audit, sink } = openAudit()
    const promises: Promise<unknown>[] = []
    const context = {
      waitUntil: (promise: Promise<unknown>) => void promises.push(promise),
      passThroughOnException: () => undefined,
      props: {},
    }
    await (await honoApp([audit]).request('/text', {}, {} as never, context)).text()
    await Promise.all(promises)
    expect(sink.records).toHaveLength(1)
    await audit.close()
  })
})
