import http, { type Server } from 'node:http'
import Router from '@koa/router'
import Koa3, { type ExtendableContext } from 'koa'
import Koa2 from 'koa2'
import { koaAudit } from '../../src/adapters/koa.ts'
import type { Settings } from '../../src/audit-log/settings.ts'
import { type LEVELS, search } from './golden-app.ts'

/** The app that the ancestor's records were made with, on Koa. */
export function koaApp(version: 2 | 3): (settings: Settings) => Server {
  return (settings) => {
    const app = version === 3 ? new Koa3() : (new Koa2() as unknown as Koa3)
    app.use(koaAudit(settings))
    app.use(async (ctx, next) => {
      html(ctx, 404, 'Not Found')
      await next().catch(() => html(ctx, 500, 'Internal Server Error'))
    })
    const router = new Router()
    router.all('/hello', (ctx) => json(ctx, { hello: 'world' }))
    router.get('/search', (ctx) => {
      search(ctx.auditLog, String(ctx.query.q))
      json(ctx, { n: 2 })
    })
    router.post('/search', (ctx) => html(ctx, 405, 'Method Not Allowed'))
    router.get('/level/:name', (ctx) => {
      const name = ctx.params.name as (typeof LEVELS)[number]
      ctx.auditLog[name](`message at ${name}`)
      json(ctx, { level: name })
    })
    router.get('/health', (ctx) => json(ctx, { ok: true }))
    router.get('/boom', () => {
      throw new Error('boom')
    })
    router.get('/forbidden', (ctx) => html(ctx, 403, 'Forbidden'))
    router.get('/redirect', (ctx) => {
      ctx.set('Location', '/hello')
      html(ctx, 302, 'Found')
    })
    router.get('/empty', (ctx) => {
      ctx.status = 204
    })
    router.get('/stream', (ctx) => {
      ctx.status = 200
      ctx.respond = false
      ctx.res.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' })
      for (const chunk of ['a\n', 'b\n', 'c\n']) ctx.res.write(chunk)
      ctx.res.end()
    })
    router.get('/cookies', (ctx) => {
      ctx.set('Set-Cookie', ['a=1; Path=/', 'b=2; Path=/'])
      json(ctx, { cookies: 2 })
    })
    router.get('/teapot', (ctx) => {
      html(ctx, 418, 'short and stout')
      ctx.message = 'Short And Stout'
    })
    router.get('/unicode/:naam', (ctx) => {
      const { naam } = ctx.params
      ctx.auditLog.setResults({ naam }).info(`opened ${naam}`)
      json(ctx, { naam })
    })
    router.get('/twice', (ctx) => {
      ctx.auditLog.info('first').warning('second')
      html(ctx, 200, 'ok')
    })
    app.use(router.routes())
    return http.createServer(app.callback())
  }
}

function json(ctx: ExtendableContext, value: unknown): void {
  ctx.status = 200
  ctx.set('Content-Type', 'application/json')
  ctx.body = JSON.stringify(value)
}

function html(ctx: ExtendableContext, status: number, text: string): void {
  ctx.status = status
  ctx.set('Content-Type', 'text/html; charset=utf-8')
  ctx.body = text
}
