import http, { type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import Router, { type RouterContext } from '@koa/router'
import express from 'express'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { expressAudit } from '../../src/adapters/express.ts'
import { nodeAudit } from '../../src/adapters/node.ts'
import type { AuditLog } from '../../src/audit-log/audit-log.ts'
import type { Logger } from '../../src/record/logger.ts'
import { auditResource } from '../../src/resources/audit-resource.ts'

export const red = { id: 1, colour: 'red', owner: 'J. Jansen' }
export const blue = { id: 2, colour: 'blue', owner: 'P. de Vries' }

interface Route {
  Params: { id: string }
  Querystring: { fail?: string }
}
type Asked = FastifyRequest<Route> & { readonly auditLog: Logger }
type Context = RouterContext & { auditLog: Logger }

const bicycle = auditResource('Bicycle')
const listed = auditResource('Bicycle', { terms: ['colour'], listResults: true })

/** The same resource on each framework: `/bicycles`, `/listed` with its results, `/said` that says more by itself. */
export const apps: Readonly<Record<string, (audit: AuditLog) => Server | Promise<Server>>> = {
  Express: (audit) => {
    const app = express()
    app.use(expressAudit(audit))
    app.get(
      '/bicycles/:id',
      bicycle((req, res) => (req.params.id === '9' ? res.status(404).json({ error: 'none' }) : res.json(red))),
    )
    app.get(
      '/bicycles',
      bicycle((_req, res) => res.json([red, blue])),
    )
    app.get(
      '/listed',
      listed((_req, res) => res.json({ results: [red, blue] })),
    )
    app.post(
      '/bicycles',
      bicycle((req, res) => (req.query.fail ? res.sendStatus(422) : res.status(201).json(blue))),
    )
    app.post(
      '/throws',
      bicycle(() => Promise.reject(new Error('db down'))),
    )
    app.put(
      '/bicycles/:id',
      bicycle((_req, res) => res.json(red)),
    )
    app.patch(
      '/bicycles/:id',
      bicycle((_req, res) => res.sendStatus(204)),
    )
    app.delete(
      '/bicycles/:id',
      bicycle((_req, res) => res.sendStatus(204)),
    )
    app.get(
      '/said/:id',
      bicycle((req, res) => {
        req.auditLog.setResults('mine').warning('Looked closely')
        res.json(red)
      }),
    )
    return http.createServer(app)
  },

  Fastify: async (audit) => {
    const audited = nodeAudit(audit)
    const app = fastify({ serverFactory: (handler) => http.createServer(audited((req, res) => handler(req, res))) })
    app.decorateRequest('auditLog', {
      getter() {
        return (this.raw as unknown as { auditLog: Logger }).auditLog
      },
    })
    app.get<Route>(
      '/bicycles/:id',
      bicycle(async (request: Asked, reply: FastifyReply) =>
        request.params.id === '9' ? reply.code(404).send({ error: 'none' }) : red,
      ),
    )
    app.get<Route>(
      '/bicycles',
      bicycle(async () => [red, blue]),
    )
    app.get<Route>(
      '/listed',
      listed((_request: Asked, reply: FastifyReply) => reply.send({ results: [red, blue] })),
    )
    app.post<Route>(
      '/bicycles',
      bicycle((request: Asked, reply: FastifyReply) =>
        request.query.fail ? reply.code(422).send() : reply.code(201).send(blue),
      ),
    )
    app.post(
      '/throws',
      bicycle(() => Promise.reject(new Error('db down'))),
    )
    app.put(
      '/bicycles/:id',
      bicycle(async () => red),
    )
    app.patch<Route>(
      '/bicycles/:id',
      bicycle((_request: Asked, reply: FastifyReply) => reply.code(204).send()),
    )
    app.delete<Route>(
      '/bicycles/:id',
      bicycle((_request: Asked, reply: FastifyReply) => reply.code(204).send()),
    )
    app.get<Route>(
      '/said/:id',
      bicycle(async (request: Asked) => {
        request.auditLog.setResults('mine').warning('Looked closely')
        return red
      }),
    )
    await app.ready()
    return app.server
  },

  Koa: (audit) => {
    const audited = nodeAudit(audit)
    const app = new Koa()
    app.silent = true
    app.use((ctx, next) => {
      ctx.auditLog = (ctx.req as unknown as { auditLog: Logger }).auditLog
      return next()
    })
    const router = new Router()
    router.get(
      '/bicycles/:id',
      bicycle((ctx: Context) => {
        ctx.status = ctx.params.id === '9' ? 404 : 200
        ctx.body = red
      }),
    )
    router.get(
      '/bicycles',
      bicycle(async (ctx: Context) => {
        ctx.body = [red, blue]
      }),
    )
    router.get(
      '/listed',
      listed(async (ctx: Context) => {
        ctx.body = { results: [red, blue] }
      }),
    )
    router.post(
      '/bicycles',
      bicycle((ctx: Context) => {
        ctx.status = ctx.query.fail ? 422 : 201
        ctx.body = blue
      }),
    )
    router.post(
      '/throws',
      bicycle(() => Promise.reject(new Error('db down'))),
    )
    router.put(
      '/bicycles/:id',
      bicycle((ctx: Context) => {
        ctx.body = red
      }),
    )
    router.patch(
      '/bicycles/:id',
      bicycle((ctx: Context) => {
        ctx.status = 204
      }),
    )
    router.delete(
      '/bicycles/:id',
      bicycle((ctx: Context) => {
        ctx.status = 204
      }),
    )
    router.get(
      '/said/:id',
      bicycle((ctx: Context) => {
        ctx.auditLog.setResults('mine').warning('Looked closely')
        ctx.body = red
      }),
    )
    app.use(router.routes())
    return http.createServer(audited(app.callback() as never))
  },

  Hono: (audit) => {
    type Env = { Variables: { auditLog: Logger }; Bindings: { incoming: { auditLog: Logger } } }
    const audited = nodeAudit(audit)
    const app = new Hono<Env>()
    app.onError((_error, c) => c.text('sorry', 500))
    app.use(async (c, next) => {
      c.set('auditLog', c.env.incoming.auditLog)
      await next()
    })
    app.get(
      '/bicycles/:id',
      bicycle((c) => (c.req.param('id') === '9' ? c.json({ error: 'none' }, 404) : c.json(red))),
    )
    app.get(
      '/bicycles',
      bicycle(async (c) => c.json([red, blue])),
    )
    app.get(
      '/listed',
      listed((c) => c.json({ results: [red, blue] })),
    )
    app.post(
      '/bicycles',
      bicycle(async (c) => (c.req.query('fail') ? c.body(null, 422) : c.json(blue, 201))),
    )
    app.post(
      '/throws',
      bicycle(() => Promise.reject(new Error('db down'))),
    )
    app.put(
      '/bicycles/:id',
      bicycle((c) => c.json(red)),
    )
    app.patch(
      '/bicycles/:id',
      bicycle((c) => c.body(null, 204)),
    )
    app.delete(
      '/bicycles/:id',
      bicycle((c) => c.body(null, 204)),
    )
    app.get(
      '/said/:id',
      bicycle((c) => {
        c.get('auditLog').setResults('mine').warning('Looked closely')
        return c.json(red)
      }),
    )
    return http.createServer(audited(getRequestListener(app.fetch) as never))
  },
}
