import Router from '@koa/router'
import express5 from 'express'
import express4 from 'express4'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { describe, expect, test } from 'vitest'
import type { AuditRecord } from '../../src/record/record.ts'
import { routeCoverage } from '../../src/testing/route-coverage.ts'

const answer = (): void => undefined

/** What an app's tests left, as far as coverage looks at it. */
function asked(...requests: readonly string[]): { records: readonly AuditRecord[] } {
  const records = requests.map((request) => {
    const [method, path, user] = request.split(' ')
    return {
      http_request: { method, url: `http://127.0.0.1:3000${path}`, user_agent: null },
      user: { authenticated: user !== undefined, roles: [], ip: null },
    }
  })
  return { records: records as unknown as AuditRecord[] }
}

function onExpress(express: typeof express5): unknown {
  const app = express()
  app.use(answer)
  app.get('/bicycles', answer)
  app.route('/bicycles/new').get(answer)
  app.get('/bicycles/:id', answer).post('/bicycles', answer)
  const wheels = express.Router()
  wheels.get('/', answer).delete('/:wheel', answer)
  const parts = express.Router()
  parts.use('/bicycles/:id/wheels', wheels)
  app.use('/v1', parts)
  app.use(answer)
  app.all('/any', answer)
  return app
}

const apps: Readonly<Record<string, () => unknown>> = {
  'Express 5': () => onExpress(express5),
  'Express 4': () => onExpress(express4 as unknown as typeof express5),
  Fastify: async () => {
    const app = fastify()
    app.get('/bicycles', answer).get('/bicycles/:id', answer).get('/bicycles/new', answer).post('/bicycles', answer)
    app.register(
      (scope, _options, done) => {
        scope.get('/', answer).delete('/:wheel', answer)
        done()
      },
      { prefix: '/v1/bicycles/:id/wheels' },
    )
    app.all('/any', answer)
    return app.ready()
  },
  Koa: () => {
    const router = new Router()
    router.get('/bicycles', answer).get('/bicycles/new', answer).get('/bicycles/:id', answer).post('/bicycles', answer)
    const wheels = new Router()
    wheels.get('/', answer).delete('/:wheel', answer)
    router.use('/v1/bicycles/:id/wheels', wheels.routes())
    router.all('/any', answer)
    return new Koa().use((_ctx, next) => next()).use(router.routes())
  },
  Hono: () => {
    const app = new Hono()
    app.use((_c, next) => next())
    const respond = (): Response => new Response()
    app.get('/bicycles', respond).get('/bicycles/new', respond).get('/bicycles/:id', respond).post('/bicycles', respond)
    const wheels = new Hono()
    wheels.get('/', respond).delete('/:wheel', (_c, next) => next(), respond)
    app.route('/v1/bicycles/:id/wheels', wheels)
    app.all('/any', respond)
    return app
  },
}

const every = [
  'GET /bicycles jane',
  'GET /bicycles/new?colour=red jane',
  'GET /bicycles/7 jane',
  'POST /bicycles jane',
  'GET /v1/bicycles/7/wheels jane',
  'DELETE /v1/bicycles/7/wheels/front jane',
  'OPTIONS /any jane',
]

describe.each(Object.entries(apps))('coverage of routes on %s', (_name, create) => {
  test('is complete where each left a record with a user', async () => {
    const { routes, missing, anonymous, assert } = routeCoverage(await create(), asked(...every))
    expect(missing).toEqual([])
    expect(anonymous).toEqual([])
    assert()
    expect([...routes].sort()).toEqual([
      'ALL /any',
      'DELETE /v1/bicycles/:id/wheels/:wheel',
      'GET /bicycles',
      'GET /bicycles/:id',
      'GET /bicycles/new',
      'GET /v1/bicycles/:id/wheels',
      'POST /bicycles',
    ])
  })

  test.each(every.map((request, index) => [request, index] as const))(
    'misses the route of %s where nothing else left a record',
    async (_request, index) => {
      const app = await create()
      const others = routeCoverage(app, asked(...every.toSpliced(index, 1)))
      expect(others.missing).toHaveLength(1)
      const only = routeCoverage(app, asked(every[index] as string))
      expect(only.missing).toHaveLength(every.length - 1)
      expect([...only.missing, ...others.missing].sort()).toEqual([...only.routes].sort())
    },
  )

  test('tells of routes without a user, and of exceptions', async () => {
    const app = await create()
    const sink = asked(...every.slice(0, 3), 'POST /bicycles', 'POST /nowhere', ...every.slice(4, 6))
    const coverage = routeCoverage(app, sink)
    expect(coverage).toMatchObject({ missing: ['ALL /any'], anonymous: ['POST /bicycles'] })
    expect(coverage.assert).toThrow(
      'Routes that left no record: ALL /any. Routes whose records have no user: POST /bicycles.',
    )
    routeCoverage(app, sink, { unrecorded: ['ALL /any'], anonymous: ['POST /bicycles'] }).assert()
  })

  test('does not take an exception that is none', async () => {
    const app = await create()
    expect(() => routeCoverage(app, asked(), { unrecorded: ['GET /gone'] })).toThrow('No route is called GET /gone')
  })
})

test.each([{}, undefined, () => undefined])('an app without routes is not covered', (app) => {
  expect(() => routeCoverage(app, asked())).toThrow('no routes')
})
