import http, { type IncomingMessage } from 'node:http'
import http2 from 'node:http2'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { Hono } from 'hono'
import { etag } from 'hono/etag'
import { honoAudit } from '../../src/adapters/hono.ts'
import type { AuditLog } from '../../src/audit-log/audit-log.ts'
import { annotate, type Mount } from './adapter/harness.ts'
import { serve } from './node-app.ts'

/** The contract's routes, without those that need Node's own response. */
export function honoApp(audits: readonly AuditLog[]): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>()
  for (const audit of audits) app.use(honoAudit(audit))
  routes(app, audits)
  return app
}

/** Mounts the contract's app on Hono's server for Node. */
export function mountHono(kind: 'http' | 'h2c' = 'http'): Mount {
  return async ({ audits, raw }) => {
    const app = new Hono<{ Bindings: HttpBindings }>()
    for (const audit of audits) app.use(honoAudit(audit))
    app.all('/raw/*', (context) => {
      raw(context.env.incoming as IncomingMessage, context.env.outgoing as http.ServerResponse)
      return RESPONSE_ALREADY_SENT
    })
    routes(app, audits)
    const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
    return serve(kind === 'http' ? http.createServer(listener as never) : http2.createServer(listener as never), kind)
  }
}

function routes(app: Hono<{ Bindings: HttpBindings }>, audits: readonly AuditLog[]): void {
  app.onError((error, context) =>
    error.message === 'teapot' ? context.text('teapot', 418) : context.text('Internal Server Error', 500),
  )
  app.get('/text', (context) => context.text('hello'))
  app.get('/status/:code', (context) => {
    const status = Number(context.req.param('code'))
    return status === 204 ? context.body(null, 204) : context.text(`status ${status}`, status as 200)
  })
  app.get('/throw', () => {
    throw new Error('db down')
  })
  app.get('/reject', () => Promise.reject(new Error('db down')))
  app.get('/teapot', () => {
    throw new Error('teapot')
  })
  app.get('/cookies', (context) => {
    context.header('Set-Cookie', 'a=1', { append: true })
    context.header('Set-Cookie', 'b=2', { append: true })
    return context.body(null)
  })
  app.get('/etag', etag({ generateDigest: () => new Uint8Array([1]).buffer }), (context) => {
    context.header('ETag', '"a"')
    return context.text('hello')
  })
  app.post('/length', async (context) => {
    await new Promise((resolve) => setTimeout(resolve, 100))
    return context.text(String((await context.req.arrayBuffer()).byteLength))
  })
  app.post('/parsed', async (context) => {
    await context.req.json()
    audits[0]?.current().info('parsed')
    return context.body(null)
  })
  app.get('/annotate/:id', async (context) => {
    await annotate(context.req.param('id'), context.get('auditLog'))
    return context.text(context.req.param('id'))
  })
  app.mount('/nested', (request) => {
    const { pathname, search } = new URL(request.url)
    return new Response(pathname + search)
  })
}
