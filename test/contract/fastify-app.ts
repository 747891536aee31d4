import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { fastifyAudit } from '../../src/adapters/fastify.ts'
import type { AuditLog } from '../../src/audit-log/audit-log.ts'
import { testCertificate } from '../support/test-certificate.ts'
import { annotate, type Mount, type MountOptions } from './adapter/harness.ts'
import { serve } from './node-app.ts'

/** How the app is made, and when the audit log is registered. */
export interface FastifyMounting {
  readonly kind?: 'http' | 'h2c' | 'http2, secure'
  readonly registered?: 'first' | 'last'
}

const servers = {
  http: {},
  h2c: { http2: true },
  'http2, secure': { http2: true, https: testCertificate },
} satisfies Record<NonNullable<FastifyMounting['kind']>, object>

/** Mounts the contract's app on Fastify. */
export function mountFastify({ kind = 'http', registered = 'first' }: FastifyMounting = {}): Mount {
  return async (options) => {
    const app = fastify(servers[kind] as FastifyServerOptions)
    const register = async (): Promise<void> => {
      for (const audit of options.audits) await app.register(fastifyAudit, audit as AuditLog)
    }
    if (registered === 'first') await register()
    addRoutes(app, options)
    if (registered === 'last') await register()
    await app.ready()
    return serve(app.server, kind)
  }
}

function addRoutes(app: FastifyInstance, { audits, raw }: MountOptions): void {
  app.get('/text', (_request, reply) => reply.type('text/plain').send('hello'))
  app.get<{ Params: { code: string } }>('/status/:code', ({ params: { code } }, reply) =>
    reply.code(Number(code)).send(code === '204' ? undefined : `status ${code}`),
  )
  app.get('/throw', () => {
    throw new Error('db down')
  })
  app.get('/reject', async () => {
    await Promise.reject(new Error('db down'))
  })
  app.get('/teapot', () => {
    throw new Error('teapot')
  })
  app.setErrorHandler((error: Error, _request, reply) =>
    error.message === 'teapot' ? reply.code(418).send('teapot') : reply.send(error),
  )
  app.get('/cookies', (_request, reply) => reply.header('set-cookie', ['a=1', 'b=2']).send())
  app.get('/etag', (request, reply) => {
    reply.header('etag', '"a"')
    return request.headers['if-none-match'] === '"a"' ? reply.code(304).send() : reply.send('hello')
  })
  app.post('/parsed', (_request, reply) => {
    audits[0]?.current().info('parsed')
    reply.send()
  })
  app.get<{ Params: { id: string } }>('/annotate/:id', async (request) => {
    await annotate(request.params.id, request.auditLog)
    return request.params.id
  })
  app.register(
    (nested, _options, done) => {
      nested.all('/*', (request, reply) => reply.send(request.url))
      done()
    },
    { prefix: '/nested' },
  )
  app.register((unparsed, _options, done) => {
    unparsed.removeAllContentTypeParsers()
    unparsed.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null))
    unparsed.all('/raw/*', (request, reply) => {
      reply.hijack()
      raw(request.raw, reply.raw)
    })
    unparsed.post('/length', async (request) => {
      await new Promise((resolve) => setTimeout(resolve, 100))
      let length = 0
      for await (const chunk of request.raw) length += (chunk as Buffer).length
      return String(length)
    })
    done()
  })
}
