import http, { type RequestListener, type Server, type ServerResponse } from 'node:http'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import express5, { type Request, type Response } from 'express'
import express4 from 'express4'
import { type Context, Hono } from 'hono'
import { setCookie } from 'hono/cookie'
import { stream } from 'hono/streaming'
import { expressAudit } from '../../src/adapters/express.ts'
import { honoAudit } from '../../src/adapters/hono.ts'
import { type Audited, nodeAudit } from '../../src/adapters/node.ts'
import type { Settings } from '../../src/audit-log/settings.ts'
import type { Logger } from '../../src/record/logger.ts'

export const LEVELS: readonly ['debug', 'info', 'warning', 'error', 'critical'] = [
  'debug',
  'info',
  'warning',
  'error',
  'critical',
]
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** The app that the ancestor's records were made with, by hand on Node's own server. */
export function nodeApp(settings: Settings): Server {
  const audited = nodeAudit(settings)
  return http.createServer(
    audited((req, res) => {
      const { pathname, searchParams } = new URL(req.url ?? '/', 'http://app.example.org')
      if (pathname === '/boom') sendText(res, 500, 'Internal Server Error')
      else if (pathname === '/search' && req.method !== 'GET') sendText(res, 405, 'Method Not Allowed')
      else answer(req, res, pathname, searchParams)
    }) as RequestListener,
  )
}

function answer(
  req: Audited<http.IncomingMessage>,
  res: ServerResponse,
  pathname: string,
  query: URLSearchParams,
): void {
  const [, first, second = ''] = pathname.split('/')
  switch (first) {
    case 'hello':
      if (METHODS.includes(req.method ?? '')) sendJson(res, { hello: 'world' })
      else sendText(res, 405, '')
      break
    case 'search':
      search(req.auditLog, query.get('q') ?? '')
      sendJson(res, { n: 2 })
      break
    case 'level':
      req.auditLog[second as (typeof LEVELS)[number]](`message at ${second}`)
      sendJson(res, { level: second })
      break
    case 'forbidden':
      sendText(res, 403, 'Forbidden')
      break
    case 'redirect':
      res.setHeader('Location', '/hello')
      sendText(res, 302, 'Found')
      break
    case 'empty':
      res.writeHead(204).end()
      break
    case 'stream':
      res.setHeader('Content-Type', 'text/plain; charset=utf-8')
      for (const chunk of ['a\n', 'b\n', 'c\n']) res.write(chunk)
      res.end()
      break
    case 'cookies':
      res.setHeader('Set-Cookie', ['a=1; Path=/', 'b=2; Path=/'])
      sendJson(res, { cookies: 2 })
      break
    case 'teapot':
      res.statusMessage = 'Short And Stout'
      sendText(res, 418, 'short and stout')
      break
    case 'unicode':
      req.auditLog.setResults({ naam: decodeURIComponent(second) }).info(`opened ${decodeURIComponent(second)}`)
      sendJson(res, { naam: decodeURIComponent(second) })
      break
    case 'twice':
      req.auditLog.info('first').warning('second')
      sendText(res, 200, 'ok')
      break
    case 'health':
      sendJson(res, { ok: true })
      break
    default:
      sendText(res, 404, 'Not Found')
      break
  }
}

export function search(logger: Logger, terms: string): void {
  logger
    .setFilter('Bicycle', 'colour,brand', terms)
    .setResults([
      { id: 1, colour: 'red' },
      { id: 2, colour: 'blue' },
    ])
    .info('Searched bicycles')
}

export function sendJson(res: ServerResponse, body: unknown): void {
  res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}

export function sendText(res: ServerResponse, status: number, body: string): void {
  res.statusCode = status
  res.setHeader('Content-Type', 'text/html; charset=utf-8')
  res.end(body)
}

/** The same app on Express. */
export function expressApp(version: 4 | 5): (settings: Settings) => Server {
  return (settings) => {
    const app = version === 5 ? express5() : (express4() as unknown as ReturnType<typeof express5>)
    app.use(expressAudit(settings))
    app.all('/hello', (_req, res) => sendJson(res, { hello: 'world' }))
    app
      .route('/search')
      .get((req, res) => {
        search(req.auditLog, String(req.query.q))
        sendJson(res, { n: 2 })
      })
      .all((_req, res) => void res.status(405).send('Method Not Allowed'))
    app.get('/level/:name', (req, res) => {
      const name = req.params.name as (typeof LEVELS)[number]
      req.auditLog[name](`message at ${name}`)
      sendJson(res, { level: name })
    })
    app.get('/health', (_req, res) => void res.json({ ok: true }))
    app.get('/boom', () => {
      throw new Error('boom')
    })
    app.get('/forbidden', (_req, res) => void res.status(403).send('Forbidden'))
    app.get('/redirect', (_req, res) => {
      res.location('/hello')
      sendText(res, 302, 'Found')
    })
    app.get('/empty', (_req, res) => void res.status(204).end())
    app.get('/stream', (_req, res) => {
      res.type('text')
      for (const chunk of ['a\n', 'b\n', 'c\n']) res.write(chunk)
      res.end()
    })
    app.get('/cookies', (_req, res) => sendJson(res.cookie('a', '1').cookie('b', '2'), { cookies: 2 }))
    app.get('/teapot', (_req, res) => {
      res.statusMessage = 'Short And Stout'
      res.status(418).send('short and stout')
    })
    app.get('/unicode/:p', (req, res) => {
      req.auditLog.setResults({ naam: req.params.p }).info(`opened ${req.params.p}`)
      sendJson(res, { naam: req.params.p })
    })
    app.get('/twice', (req, res) => {
      req.auditLog.info('first').warning('second')
      res.type('html').send('ok')
    })
    app.use(
      (_error: unknown, _req: Request, res: Response, _next: unknown) =>
        void res.status(500).send('Internal Server Error'),
    )
    return http.createServer(app)
  }
}

/** The same app on Hono. */
export function honoApp(settings: Settings): Server {
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.use(honoAudit(settings))
  app.all('/hello', (context) => context.json({ hello: 'world' }))
  app.get('/search', (context) => {
    search(context.var.auditLog, context.req.query('q') ?? '')
    return context.json({ n: 2 })
  })
  app.all('/search', (context) => answerHtml(context, 'Method Not Allowed', 405))
  app.get('/level/:name', (context) => {
    const name = context.req.param('name') as (typeof LEVELS)[number]
    context.var.auditLog[name](`message at ${name}`)
    return context.json({ level: name })
  })
  app.get('/health', (context) => context.json({ ok: true }))
  app.get('/boom', () => {
    throw new Error('boom')
  })
  app.get('/forbidden', (context) => answerHtml(context, 'Forbidden', 403))
  app.get('/redirect', (context) => {
    context.header('Location', '/hello')
    return answerHtml(context, 'Found', 302)
  })
  app.get('/empty', (context) => context.body(null, 204))
  app.get('/stream', (context) => {
    context.header('Content-Type', 'text/plain; charset=utf-8')
    return stream(context, async (body) => {
      for (const chunk of ['a\n', 'b\n', 'c\n']) await body.write(chunk)
    })
  })
  app.get('/cookies', (context) => {
    setCookie(context, 'a', '1')
    setCookie(context, 'b', '2')
    return context.json({ cookies: 2 })
  })
  app.get('/teapot', (context) => {
    context.env.outgoing.statusMessage = 'Short And Stout'
    return answerHtml(context, 'short and stout', 418)
  })
  app.get('/unicode/:p', (context) => {
    const naam = context.req.param('p')
    context.var.auditLog.setResults({ naam }).info(`opened ${naam}`)
    return context.json({ naam })
  })
  app.get('/twice', (context) => {
    context.var.auditLog.info('first').warning('second')
    return answerHtml(context, 'ok')
  })
  app.onError((_error, context) => answerHtml(context, 'Internal Server Error', 500))
  app.notFound((context) => answerHtml(context, 'Not Found', 404))
  return http.createServer(getRequestListener(app.fetch) as RequestListener)
}

function answerHtml(
  context: Context,
  body: string,
  status: 200 | 302 | 403 | 404 | 405 | 418 | 500 = 200,
): globalThis.Response {
  return context.body(body, status, { 'Content-Type': 'text/html; charset=utf-8' })
}
