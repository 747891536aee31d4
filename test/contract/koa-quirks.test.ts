import { readFile } from 'node:fs/promises'
import http from 'node:http'
import { Readable } from 'node:stream'
import Router from '@koa/router'
import express from 'express'
import type Koa from 'koa'
import compress from 'koa-compress'
import mounted from 'koa-mount'
import { describe, expect, onTestFinished, test } from 'vitest'
import { koaAudit } from '../../src/adapters/koa.ts'
import { nodeAudit } from '../../src/adapters/node.ts'
import type { Settings } from '../../src/audit-log/settings.ts'
import type { AuditError } from '../../src/lib/errors.ts'
import type { AuditRecord } from '../../src/record/record.ts'
import { PATIENCE_MS } from '../support/time.ts'
import { openAudit } from './adapter/harness.ts'
import { createKoa } from './koa-app.ts'
import { serve } from './node-app.ts'

interface Opened {
  readonly app: Koa
  readonly audit: ReturnType<typeof openAudit>['audit']
  readonly errors: AuditError[]
  /** Asks the app, on a server of its own. */
  ask(path: string, headers?: Record<string, string>, server?: http.Server): Promise<{ status: number; text: string }>
  /** The only record. */
  record(): Promise<AuditRecord>
}

function open(version: 2 | 3, settings: Settings<Koa.Context> = {}): Opened {
  const errors: AuditError[] = []
  const { audit, sink } = openAudit({ onError: (error) => void errors.push(error), ...(settings as Settings) })
  const app = createKoa(version)
  return {
    app,
    audit,
    errors,
    async ask(path, headers = {}, server = http.createServer(app.callback())) {
      const { url, close } = await serve(server)
      onTestFinished(close)
      const answered = await fetch(`${url}${path}`, { headers })
      return { status: answered.status, text: await answered.text().catch(() => 'cut') }
    },
    async record() {
      await sink.waitFor(1, PATIENCE_MS)
      await audit.close()
      expect(sink.records).toHaveLength(1)
      return sink.records[0] as AuditRecord
    },
  }
}

describe.each([3, 2] as const)('Koa %i', (version) => {
  describe('a thrown error is kept, and its status is the one that was sent:', () => {
    test('404 for a file that is not there', async () => {
      const { app, audit, ask, record } = open(version)
      app.use(koaAudit(audit)).use(async (ctx) => {
        ctx.body = await readFile('/nowhere/at/all')
      })
      const { status } = await ask('/')
      const { http_response, error } = await record()
      expect(http_response?.status_code).toBe(status)
      expect(error).toMatchObject({ type: 'ENOENT' })
    })

    test('what a middleware around made of it', async () => {
      const { app, audit, ask, record } = open(version)
      app.use(async (ctx, next) => {
        await next().catch(() => {
          ctx.status = 400
        })
      })
      app.use(koaAudit(audit)).use(() => {
        throw new TypeError('no such table')
      })
      expect((await ask('/')).status).toBe(400)
      expect(await record()).toMatchObject({
        http_response: { status_code: 400, reason: 'Bad Request' },
        error: { type: 'TypeError', message: 'no such table' },
      })
    })

    test('ctx.throw', async () => {
      const { app, audit, ask, record } = open(version)
      app.use(koaAudit(audit)).use((ctx) => ctx.throw(403, 'not yours'))
      expect(await ask('/')).toEqual({ status: 403, text: 'not yours' })
      expect(await record()).toMatchObject({ error: { message: 'not yours' }, outcome: 'denied' })
    })

    test('what is no error', async () => {
      const { app, audit, ask, record } = open(version)
      app.use(koaAudit(audit)).use(() => Promise.reject('a text'))
      expect((await ask('/')).status).toBe(500)
      expect((await record()).error).toEqual({ type: 'string', message: 'a text' })
    })
  })

  test('a body whose stream fails leaves one record, with its error', async () => {
    const { app, audit, record } = open(version)
    app.use(koaAudit(audit)).use((ctx) => {
      ctx.body = Readable.from(failing())
    })
    const failed = new Promise((resolve) => app.on('error', resolve))
    const { url, close } = await serve(http.createServer(app.callback()))
    onTestFinished(close)
    const asking = new AbortController()
    const answered = await fetch(url, { signal: asking.signal })
    await failed
    // Koa 2 leaves the client waiting.
    if (version === 2) asking.abort()
    await expect(answered.text()).rejects.toThrow()
    expect(await record()).toMatchObject({
      http_response: { status_code: 200 },
      error: { message: 'the disk is gone' },
      outcome: version === 2 ? 'aborted' : 'failure',
    })
  })

  test('Koa still says itself what went wrong, to those who listen', async () => {
    const { app, audit, ask, record } = open(version)
    const heard: string[] = []
    app.on('error', (error: Error) => heard.push(error.message))
    app.use(koaAudit(audit)).use(koaAudit(audit))
    app.use(() => {
      throw new Error('db down')
    })
    await ask('/')
    await record()
    expect(heard).toEqual(['db down'])
    expect(app.listenerCount('error')).toBe(1)
  })

  describe.each(['outside', 'inside'])('compression %s of the audit log', (place) => {
    test('the record is of what went out', async () => {
      const { app, audit, ask, record } = open(version)
      if (place === 'outside') app.use(compress({ threshold: 0 }))
      app.use(koaAudit(audit))
      if (place === 'inside') app.use(compress({ threshold: 0 }))
      app.use((ctx) => {
        ctx.type = 'text'
        ctx.body = Readable.from(['compressible '.repeat(500), 'compressible '.repeat(500)], { objectMode: false })
      })
      expect((await ask('/', { 'accept-encoding': 'gzip' })).text).toHaveLength(13_000)
      expect(await record()).toMatchObject({
        http_response: { status_code: 200, headers: { 'content-encoding': 'gzip' } },
        outcome: 'success',
      })
    })
  })

  describe('the URL is what the client asked for', () => {
    test('where the audit log stands within a mounted app, behind a router', async () => {
      const { app, audit, ask, record } = open(version)
      const inner = createKoa(version)
      const router = new Router({ prefix: '/b' })
      router.get('/:id', (ctx) => {
        ctx.auditLog.info(ctx.url)
        ctx.body = 'here'
      })
      inner.use(koaAudit(audit)).use(router.routes())
      app.use(mounted('/a', inner))
      expect((await ask('/a/b/1?c=d')).text).toBe('here')
      const { http_request, message } = await record()
      expect(message).toBe('/b/1?c=d')
      expect(http_request?.url).toMatch(/:\d+\/a\/b\/1\?c=d$/)
    })

    test('where the app stands within one of Express', async () => {
      const { app, audit, ask, record } = open(version)
      app.use(koaAudit(audit)).use((ctx) => {
        ctx.body = ctx.url
      })
      const { text } = await ask('/a/b?c=d', {}, http.createServer(express().use('/a', app.callback())))
      expect(text).toBe('/b?c=d')
      expect((await record()).http_request?.url).toMatch(/:\d+\/a\/b\?c=d$/)
    })
  })

  describe('the user is found', () => {
    const jane = { id: 'jane', roles: ['editor'] }

    test('in ctx.state, whoever put it there later', async () => {
      const { app, audit, ask, record } = open(version)
      app.use(koaAudit(audit)).use((ctx) => {
        ctx.state.user = jane
        ctx.body = Object.keys(ctx.state)
      })
      expect((await ask('/')).text).toBe('["user"]')
      expect((await record()).user).toMatchObject({ authenticated: true, ...jane })
    })

    test('also when they log out', async () => {
      const { app, audit, ask, record } = open(version)
      app.use(koaAudit(audit)).use(koaAudit(audit))
      app.use((ctx) => {
        const before = { ...ctx.state }
        ctx.state.user = jane
        ctx.state.user = undefined
        ctx.body = [Reflect.ownKeys(before), Object.getOwnPropertySymbols({ ...ctx.state }).length]
      })
      expect((await ask('/')).text).toBe('[[],0]')
      expect((await record()).user).toMatchObject({ authenticated: true, ...jane })
    })

    test('as ctx.isAuthenticated() says', async () => {
      const { app, audit, ask, record } = open(version)
      app.use(koaAudit(audit)).use((ctx) => {
        ctx.isAuthenticated = () => false
        ctx.state.user = jane
        ctx.body = ''
      })
      await ask('/')
      expect((await record()).user).toMatchObject({ authenticated: false })
    })

    test('on ctx.req, where middleware of Connect puts it', async () => {
      const { app, audit, ask, record } = open(version)
      app.use(koaAudit(audit)).use((ctx) => {
        Object.assign(ctx.req, { user: jane })
        ctx.body = ''
      })
      await ask('/')
      expect((await record()).user).toMatchObject({ authenticated: true, ...jane })
    })

    test('with a function of the app, from the context', async () => {
      const { app, audit, ask, record } = open(version, { userFromRequest: (ctx) => ctx.state.subject })
      app.use(koaAudit(audit)).use((ctx) => {
        ctx.state = { subject: jane }
        ctx.body = ''
      })
      await ask('/')
      expect((await record()).user).toMatchObject({ authenticated: true, ...jane })
    })
  })

  test.each([
    ['trusts proxies', true, {}, '203.0.113.7', []],
    ['trusts none', false, {}, '127.0.0.1', ['PROXY_NOT_TRUSTED']],
    ['trusts them, but we do not', true, { trustedProxies: [] }, '127.0.0.1', []],
  ])('the address is that of an app that %s', async (_name, proxy, settings, ip, codes) => {
    const { app, audit, errors, ask, record } = open(version, settings)
    app.proxy = proxy
    app.use(koaAudit(audit))
    await ask('/', { 'x-forwarded-for': '203.0.113.7' })
    expect((await record()).user?.ip).toBe(ip)
    expect(errors.map(({ code }) => code)).toEqual(codes)
  })

  test('with its server attached too, there is one record, and Koa tells of user and address', async () => {
    const { app, audit, ask, record } = open(version)
    app.proxy = true
    app.use(koaAudit(audit)).use((ctx) => {
      ctx.state.user = { id: 'jane' }
      ctx.body = 'here'
    })
    const server = nodeAudit(audit).attach(http.createServer(app.callback()))
    await ask('/', { 'x-forwarded-for': '203.0.113.7' }, server)
    expect((await record()).user).toMatchObject({ id: 'jane', ip: '203.0.113.7' })
  })

  test('two apps share an audit log, and an exempt path has a logger that does nothing', async () => {
    const { app, audit, ask, record } = open(version, { exemptUrls: ['^/health$'] })
    const other = createKoa(version)
    for (const each of [app, other]) {
      each.use(koaAudit(audit)).use((ctx) => {
        ctx.body = String(ctx.auditLog.info(ctx.path) === ctx.auditLog)
      })
    }
    expect((await ask('/health')).text).toBe('true')
    expect((await ask('/other', {}, http.createServer(other.callback()))).text).toBe('true')
    expect((await record()).message).toBe('/other')
  })
})

function* failing(): Generator<Buffer> {
  yield Buffer.from('part')
  throw new Error('the disk is gone')
}
