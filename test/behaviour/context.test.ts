import { AsyncResource } from 'node:async_hooks'
import { EventEmitter, on, once } from 'node:events'
import { PassThrough, Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import express, { type Request, type RequestHandler, type Response } from 'express'
import { describe, expect, it } from 'vitest'
import { expressAudit } from '../../src/adapters/express.ts'
import { nodeAudit } from '../../src/adapters/node.ts'
import type { AuditLog } from '../../src/audit-log/audit-log.ts'
import type { Logger } from '../../src/record/logger.ts'
import { get, ofPath, open, postJson, quietApp, send, sendRaw, serve, sleep } from './audited.ts'

type Flow = (req: Request, res: Response, say: () => void) => unknown

const early = new EventEmitter()

/** Ways for code to run later, all within one request. */
const flows: Record<string, Flow> = {
  'right away': (_req, _res, say) => say(),
  'after await': async (_req, _res, say) => {
    await sleep(1)
    say()
  },
  'in a timer': (_req, res, say) => {
    setTimeout(() => {
      say()
      res.end()
    }, 1)
    return 'ends itself'
  },
  'in setImmediate and nextTick': async (_req, _res, say) => {
    await new Promise((resolve) => setImmediate(() => process.nextTick(resolve)))
    say()
  },
  'in a listener of an emitter': async (_req, _res, say) => {
    const emitter = new EventEmitter().once('done', say)
    setTimeout(() => emitter.emit('done'), 1)
    await once(emitter, 'done')
  },
  'in a listener of an emitter that is older than the request': (_req, _res, say) => {
    early.once('done', say)
    early.emit('done')
  },
  'in a pipeline of streams': async (req, _res, say) => {
    const counting = new Transform({
      transform(chunk, _encoding, done) {
        say()
        done(null, chunk)
      },
    })
    await pipeline(req.body === undefined ? req : Readable.from(['x']), counting, new PassThrough().resume())
  },
  'in an async iterator': async (_req, _res, say) => {
    for await (const _chunk of Readable.from(['a', 'b'])) await sleep(1)
    say()
  },
  'in the events of the request': async (req, _res, say) => {
    if (req.readableEnded) return say()
    req.on('data', () => undefined).on('end', say)
    await once(req, 'end')
  },
  'in an iterator over the request': async (req, _res, say) => {
    if (!req.readableEnded) for await (const _chunk of req);
    say()
  },
  'at the end of the response': async (_req, res, say) => {
    res.on('pipe', say)
    Readable.from(['x']).pipe(res)
    return 'ends itself'
  },
}

describe('audit.current() is the logger of the request', () => {
  it.each(Object.keys(flows))('%s', async (name) => {
    const opened = open()
    const flow = flows[name]!
    const handler: RequestHandler = async (req, res) => {
      const ended = await flow(req, res, () => void opened.audit.current().info(`said ${req.originalUrl}`))
      if (ended !== 'ends itself') res.end()
    }
    const app = quietApp().use(expressAudit(opened.audit))
    app.post('/parsed', express.json(), handler)
    app.post('/form', express.urlencoded({ extended: false }), handler)
    app.use(handler)
    const port = await serve(app)
    await Promise.all([
      postJson(port, '/parsed', { a: 'x'.repeat(70_000) }),
      send(port, '/form', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'a=1',
      }),
      postJson(port, '/plain', { a: 1 }),
      send(port, '/got'),
    ])
    const records = await opened.records(4)
    for (const path of ['/parsed', '/form', '/plain', '/got'])
      expect(ofPath(records, path).message, path).toBe(
        path === '/got' && name === 'in a pipeline of streams' ? '' : `said ${path}`,
      )
    expect(opened.errors).toEqual([])
  })

  it('in a parser of uploads that reads the request by its own streams', async () => {
    const opened = open()
    const upload: RequestHandler = (req, _res, next) => {
      req
        .pipe(new Transform({ transform: (_chunk, _encoding, done) => setImmediate(done) }))
        .on('finish', () => next())
        .resume()
    }
    const app = quietApp().use(expressAudit(opened.audit), upload, (_req, res) => {
      opened.audit.current().setResults(['uploaded'])
      res.end()
    })
    await send(await serve(app), '/', { method: 'POST', body: 'x'.repeat(300_000) })
    expect((await opened.record()).results).toEqual(['uploaded'])
  })

  it('not of another one, where a request is answered by an event of another', async () => {
    const opened = open()
    const bell = new EventEmitter()
    const app = quietApp().use(expressAudit(opened.audit))
    app.get('/waits', (_req, res) => {
      bell.once(
        'rung',
        AsyncResource.bind(() => res.end(String(opened.audit.current().info('rung')))),
      )
      bell.emit('waiting')
    })
    app.get('/rings', (_req, res) => {
      bell.emit('rung')
      opened.audit.current().info('rings')
      res.end()
    })
    const port = await serve(app)
    const waiting = once(bell, 'waiting')
    const first = send(port, '/waits')
    await waiting
    await Promise.all([first, send(port, '/rings')])
    const records = await opened.records(2)
    expect(ofPath(records, '/waits').message).toBe('rung')
    expect(ofPath(records, '/rings').message).toBe('rings')
  })

  it('in a node:http handler, across on() of its events', async () => {
    const opened = open()
    const port = await serve(
      nodeAudit(opened.audit)(async (req, res) => {
        for await (const [chunk] of on(req, 'data', { close: ['end'] })) opened.audit.current().info(String(chunk))
        res.end()
      }),
    )
    await send(port, '/', { method: 'POST', body: 'hello' })
    expect((await opened.record()).message).toBe('hello')
  })
})

/** Every call that a logger takes. */
async function useAll(logger: Logger): Promise<void> {
  logger
    .setHttpRequest({ method: 'GET' })
    .setHttpResponse({ status_code: 1 })
    .setUser('x')
    .setFilter('a', 'b', 'c')
    .setResults([1])
  logger.debug('a').info('a').warning('a').error('a').critical('a')
  logger.event().info('event')
  await logger.sendLog()
}

describe('outside of any request', () => {
  it('audit.current() takes every call, does nothing, and says so once', async () => {
    const opened = open()
    await useAll(opened.audit.current())
    await useAll(opened.audit.current().event())
    await sleep(1)
    expect(opened.errors.map(({ code }) => code)).toEqual(['NO_EXCHANGE'])
    await opened.records(0)
  })

  it('so does a middleware before the audit, a timer of the app, and a task that outlives its request', async () => {
    const opened = open()
    const app = quietApp()
    app.use((_req, _res, next) => {
      opened.audit.current().info('too early')
      next()
    })
    app.use(expressAudit(opened.audit), (_req, res) => void res.end())
    await send(await serve(app), '/')
    expect((await opened.record()).message).toBe('')
    expect(opened.errors.map(({ code }) => code)).toEqual(['NO_EXCHANGE'])
  })

  it('with context: false there is no current logger, and req.auditLog works', async () => {
    const opened = open({ context: false })
    const app = quietApp().use(expressAudit(opened.audit), (req, res) => {
      opened.audit.current().error('lost')
      req.auditLog.info('kept')
      res.end()
    })
    await send(await serve(app), '/')
    expect(await opened.record()).toMatchObject({ type: 'INFO', message: 'kept' })
    expect(opened.errors.map(({ code }) => code)).toEqual(['NO_EXCHANGE'])
  })
})

describe('what is said too late', () => {
  it('changes nothing, makes no record, and is warned of once', async () => {
    const opened = open()
    const late: Promise<void>[] = []
    const app = quietApp().use(expressAudit(opened.audit), (req, res) => {
      req.auditLog.info('in time')
      res.end('ok')
      late.push(
        once(res, 'close').then(async () => {
          await sleep(5)
          req.auditLog.error('late').setUser('late').setFilter('late', 'x', 'y').setResults('late')
          opened.audit.current().critical('late')
        }),
      )
    })
    const port = await serve(app)
    await send(port, '/1')
    await send(port, '/2')
    await Promise.all(late)
    for (const record of await opened.records(2)) {
      expect(record).toMatchObject({ type: 'INFO', message: 'in time', user: { authenticated: false } })
      expect(JSON.stringify(record)).not.toContain('late')
    }
    expect(opened.errors.map(({ code }) => code)).toEqual(['LATE_ANNOTATION'])
  })

  it('an event of a request that has its record is still a record of its own', async () => {
    const opened = open()
    let logger: Logger | undefined
    const app = quietApp().use(expressAudit(opened.audit), (req, res) => {
      logger = req.auditLog
      res.end()
    })
    await send(await serve(app), '/')
    const { id } = await opened.record()
    await logger!.event().warning('mailed').sendLog()
    expect((await opened.records(2))[1]).toMatchObject({ kind: 'event', exchange: id, message: 'mailed' })
    expect(opened.errors).toEqual([])
  })
})

describe('req.auditLog is there and safe', () => {
  async function answers(audit: AuditLog): Promise<void> {
    const app = quietApp().use(expressAudit(audit), async (req, res) => {
      await useAll(req.auditLog)
      audit.current().info('x')
      res.send('ok')
    })
    expect((await send(await serve(app), '/health')).body).toBe('ok')
    const port = await serve(
      nodeAudit(audit)(async (req, res) => {
        await useAll(req.auditLog)
        res.end('ok')
      }),
    )
    expect(await sendRaw(port, get('/health'))).toContain('ok')
  }

  it('on exempt paths', async () => {
    const opened = open({ exemptUrls: [/^\/health$/] })
    await answers(opened.audit)
    await opened.records(0)
  })

  it('where auditing is switched off', async () => {
    const opened = open({ enabled: false })
    await answers(opened.audit)
    await useAll(opened.audit.logger())
    await opened.records(0)
  })

  it('after the audit log was closed', async () => {
    const opened = open()
    await opened.audit.close()
    await answers(opened.audit)
    await opened.records(0)
    expect(opened.audit.health().counters).toMatchObject({ recorded: 0, afterClose: 2 })
  })
})
