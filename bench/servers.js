// Every server: how the app is written there, and where the request of Node and its user are found in what handlers get.
//
// `start` takes what a contestant's `mount` gives, and gives a node:http server that listens.
// `rawOf`, `userOf` and `auditLogOf` take what that server's handlers call the request: req, request, ctx or c.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { answer, BODY, makeUser, RESPONSE_HEADERS, setHeaders, TARGET, tell } from './app.js'

const LOOPBACK = '127.0.0.1'
const ROUTE = '/api/bicycles/:id'
const PATH = TARGET.split('?', 1)[0]

const itself = (req) => req
const ownUser = (request) => request.user
const ownLogger = (request) => request.auditLog
const isPlain = { rawOf: itself, userOf: ownUser, auditLogOf: ownLogger }

export const servers = {
  node: { ...isPlain, start: startNode },
  express: { ...isPlain, start: startExpress },
  fastify: { rawOf: (request) => request.raw, userOf: ownUser, auditLogOf: ownLogger, start: startFastify },
  koa: { rawOf: (ctx) => ctx.req, userOf: (ctx) => ctx.state.user, auditLogOf: ownLogger, start: startKoa },
  hono: {
    rawOf: (c) => c.env.incoming,
    userOf: (c) => c.get('user'),
    auditLogOf: (c) => c.get('auditLog'),
    start: startHono,
  },
  nest: { ...isPlain, start: startNest },
}

/** For loggers that know nothing of auditing: keeps on Node's request, as `seen`, what a record says about it. */
export function keepOn(server) {
  const { rawOf, userOf } = servers[server]
  return (request, filter, results) => {
    rawOf(request).seen = { user: userOf(request), filter, results }
  }
}

async function listening(server) {
  if (!server.listening) await once(server.listen(0, LOOPBACK), 'listening')
  return server
}

function startNode({ middleware, wrap, remember }) {
  const handler = (req, res) => {
    req.user = makeUser()
    if (req.url.split('?', 1)[0] === PATH) answer(req, res, remember)
    else res.writeHead(404).end()
  }
  if (wrap !== undefined) return listening(createServer(wrap(handler)))
  if (middleware === undefined) return listening(createServer(handler))
  return listening(createServer((req, res) => middleware(req, res, () => handler(req, res))))
}

async function startExpress({ middleware, remember }) {
  const { default: express } = await import('express')
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  if (middleware !== undefined) app.use(middleware)
  app.use((req, _res, next) => {
    req.user = makeUser()
    next()
  })
  app.get(ROUTE, (req, res) => answer(req, res, remember))
  return listening(createServer(app))
}

async function startFastify({ options, plugin, remember }) {
  const { default: fastify } = await import('fastify')
  const app = fastify(options)
  if (plugin !== undefined) await app.register(...plugin)
  app.decorateRequest('user', null)
  app.addHook('onRequest', (request, _reply, done) => {
    request.user = makeUser()
    done()
  })
  app.get(ROUTE, (request, reply) => {
    reply.headers(RESPONSE_HEADERS)
    tell(remember, request)
    reply.send(BODY)
  })
  await app.ready()
  // Not `app.listen`, which logs a line of its own.
  return listening(app.server)
}

async function startKoa({ middleware, remember }) {
  const { default: Koa } = await import('koa')
  const { default: Router } = await import('@koa/router')
  const app = new Koa()
  if (middleware !== undefined) app.use(middleware)
  app.use((ctx, next) => {
    ctx.state.user = makeUser()
    return next()
  })
  const router = new Router()
  router.get(ROUTE, (ctx) => {
    ctx.set(RESPONSE_HEADERS)
    tell(remember, ctx)
    ctx.body = BODY
  })
  app.use(router.routes())
  return listening(createServer(app.callback()))
}

async function startHono({ middleware, remember }) {
  const { Hono } = await import('hono')
  const { createAdaptorServer } = await import('@hono/node-server')
  const app = new Hono()
  if (middleware !== undefined) app.use(middleware)
  app.use((c, next) => {
    c.set('user', makeUser())
    return next()
  })
  app.get(ROUTE, (c) => {
    tell(remember, c)
    return c.body(BODY, 200, RESPONSE_HEADERS)
  })
  return listening(createAdaptorServer({ fetch: app.fetch }))
}

async function startNest({ imports, middleware, remember }) {
  const { Controller, Get, Module, Req, Res } = await import('@nestjs/common')
  const { NestFactory } = await import('@nestjs/core')

  class Bicycles {
    one(req, res) {
      setHeaders(res)
      tell(remember, req)
      return BODY
    }
  }
  // What decorators would do in TypeScript.
  const { prototype } = Bicycles
  Req()(prototype, 'one', 0)
  Res({ passthrough: true })(prototype, 'one', 1)
  Get(ROUTE)(prototype, 'one', Object.getOwnPropertyDescriptor(prototype, 'one'))
  Controller()(Bicycles)
  class Root {}
  Module({ imports, controllers: [Bicycles] })(Root)

  const app = await NestFactory.create(Root, { logger: false, abortOnError: false })
  app.disable('x-powered-by')
  app.disable('etag')
  if (middleware !== undefined) app.use(middleware)
  app.useGlobalGuards({
    canActivate(context) {
      context.switchToHttp().getRequest().user = makeUser()
      return true
    },
  })
  await app.listen(0, LOOPBACK)
  return app.getHttpServer()
}
