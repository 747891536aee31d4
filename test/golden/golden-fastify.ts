import type { Server } from 'node:http'
import fastify, { type FastifyReply } from 'fastify'
import { fastifyAudit } from '../../src/adapters/fastify.ts'
import type { Settings } from '../../src/audit-log/settings.ts'
import { type LEVELS, search } from './golden-app.ts'

/** The app that the ancestor's records were made with, on Fastify. */
export async function fastifyApp(settings: Settings): Promise<Server> {
  const app = fastify()
  app.register(fastifyAudit, settings)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null))
  app.all('/hello', (_request, reply) => json(reply, { hello: 'world' }))
  app.get<{ Querystring: { q: string } }>('/search', (request, reply) => {
    search(request.auditLog, request.query.q)
    return json(reply, { n: 2 })
  })
  app.post('/search', (_request, reply) => html(reply, 405, 'Method Not Allowed'))
  app.get<{ Params: { name: (typeof LEVELS)[number] } }>('/level/:name', (request, reply) => {
    const { name } = request.params
    request.auditLog[name](`message at ${name}`)
    return json(reply, { level: name })
  })
  app.get('/health', (_request, reply) => json(reply, { ok: true }))
  app.get('/boom', async () => Promise.reject(new Error('boom')))
  app.get('/forbidden', (_request, reply) => html(reply, 403, 'Forbidden'))
  app.get('/redirect', (_request, reply) => html(reply.header('location', '/hello'), 302, 'Found'))
  app.get('/empty', (_request, reply) => reply.code(204).send())
  app.get('/stream', (_request, reply) => {
    reply.hijack()
    reply.raw.setHeader('Content-Type', 'text/plain; charset=utf-8')
    for (const chunk of ['a\n', 'b\n', 'c\n']) reply.raw.write(chunk)
    reply.raw.end()
  })
  app.get('/cookies', (_request, reply) =>
    json(reply.header('set-cookie', ['a=1; Path=/', 'b=2; Path=/']), { cookies: 2 }),
  )
  app.get('/teapot', (_request, reply) => {
    reply.raw.statusMessage = 'Short And Stout'
    return html(reply, 418, 'short and stout')
  })
  app.get<{ Params: { naam: string } }>('/unicode/:naam', (request, reply) => {
    const { naam } = request.params
    request.auditLog.setResults({ naam }).info(`opened ${naam}`)
    return json(reply, { naam })
  })
  app.get('/twice', (request, reply) => {
    request.auditLog.info('first').warning('second')
    return html(reply, 200, 'ok')
  })
  app.setErrorHandler((_error, _request, reply) => html(reply, 500, 'Internal Server Error'))
  app.setNotFoundHandler((_request, reply) => html(reply, 404, 'Not Found'))
  await app.ready()
  return app.server
}

/** As bytes, since Fastify adds a charset to JSON of any other kind. */
function json(reply: FastifyReply, value: unknown): FastifyReply {
  return reply.header('content-type', 'application/json').send(Buffer.from(JSON.stringify(value)))
}

function html(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(text)
}
