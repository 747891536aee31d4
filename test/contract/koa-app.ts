import http from 'node:http'
import http2 from 'node:http2'
import Router from '@koa/router'
import Koa3 from 'koa'
import parseBody from 'koa-bodyparser'
import mounted from 'koa-mount'
import Koa2 from 'koa2'
import { koaAudit } from '../../src/adapters/koa.ts'
import { annotate, type Mount } from './adapter/harness.ts'
import { serve } from './node-app.ts'

/** An app of either version that prints no errors. */
export function createKoa(version: 2 | 3): Koa3 {
  const Koa = version === 3 ? Koa3 : (Koa2 as unknown as typeof Koa3)
  const app = new Koa()
  app.silent = true
  return app
}

/** Mounts the contract's app on Koa. */
export function mountKoa(version: 2 | 3, kind: 'http' | 'h2c' = 'http'): Mount {
  return async ({ audits, raw }) => {
    const app = createKoa(version)
    for (const audit of audits) app.use(koaAudit(audit))
    app.use(async (ctx, next) => {
      try {
        await next()
      } catch (error) {
        if ((error as Error).message !== 'teapot') throw error
        ctx.status = 418
        ctx.body = 'teapot'
      }
    })
    const router = new Router()
    router.all(/^\/raw\//, (ctx) => {
      ctx.respond = false
      ctx.res.statusCode = 200
      raw(ctx.req, ctx.res)
    })
    router.get('/text', (ctx) => {
      ctx.body = 'hello'
    })
    router.get('/status/:code', (ctx) => {
      ctx.status = Number(ctx.params.code)
      if (ctx.status !== 204) ctx.body = `status ${ctx.params.code}`
    })
    router.get('/throw', () => {
      throw new Error('db down')
    })
    router.get('/reject', () => Promise.reject(new Error('db down')))
    router.get('/teapot', () => {
      throw new Error('teapot')
    })
    router.get('/cookies', (ctx) => {
      ctx.set('Set-Cookie', ['a=1', 'b=2'])
      ctx.body = ''
    })
    router.get('/etag', (ctx) => {
      ctx.status = 200
      ctx.etag = 'a'
      if (ctx.fresh) ctx.status = 304
      else ctx.body = 'hello'
    })
    router.post('/length', async (ctx) => {
      await new Promise((resolve) => setTimeout(resolve, 100))
      let length = 0
      for await (const chunk of ctx.req) length += (chunk as Buffer).length
      ctx.body = String(length)
    })
    router.post('/parsed', parseBody(), (ctx) => {
      audits[0]?.current().info('parsed')
      ctx.body = ''
    })
    router.get('/annotate/:id', async (ctx) => {
      const { id = '' } = ctx.params
      await annotate(id, ctx.auditLog)
      ctx.body = id
    })
    app.use(router.routes())
    app.use(
      mounted('/nested', (ctx) => {
        ctx.body = ctx.url
      }),
    )
    const handler = app.callback()
    return serve(kind === 'http' ? http.createServer(handler) : http2.createServer(handler as never), kind)
  }
}
