// A typed app on Fastify that says what its own requests have.
import fastify, { type FastifyRequest } from 'fastify'
import { createAuditLog, stdoutSink } from 'griffier'
import { fastifyAudit } from 'griffier/fastify'
import { auditResource } from 'griffier/resources'
import { memorySink, routeCoverage } from 'griffier/testing'

interface MyUser {
  readonly subject: string
  readonly groups: readonly string[]
}

declare module 'fastify' {
  interface FastifyRequest {
    user: MyUser
  }
}

/** Compiled only: the ways of registering it. */
export function register(): void {
  const app = fastify()
  app.register(fastifyAudit)
  app.register(fastifyAudit, { userFromRequest: (request) => request.user.subject })
  // @ts-expect-error: the callback sees the app's own request
  app.register(fastifyAudit, { userFromRequest: (request) => request.user.nothing })
  app.register(fastifyAudit, {
    userFromRequest: async (request: FastifyRequest) => ({ id: request.user.subject, roles: request.user.groups }),
  })
  fastify({ http2: true }).register(fastifyAudit, { exemptUrls: [/^\/health$/] })
}

async function main(): Promise<void> {
  const sink = memorySink()
  const audit = createAuditLog({
    loggerName: 'on Fastify',
    logHandler: [stdoutSink(), sink],
    userFromRequest: (request: FastifyRequest) => ({ id: request.user.subject, roles: request.user.groups }),
  })
  const app = fastify()
  await app.register(fastifyAudit, audit)
  app.addHook('onRequest', async (request) => {
    request.user = { subject: 'jane', groups: ['editor'] }
  })
  app.get<{ Params: { id: string } }>(
    '/bicycles/:id',
    auditResource('Bicycle')(async (request: FastifyRequest<{ Params: { id: string } }>) => {
      request.auditLog.info(`Showed ${request.params.id} to ${request.user.subject}`)
      return { id: request.params.id }
    }),
  )
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const answer = (await (await fetch(`${url}/bicycles/7`)).json()) as { id: string }
  await app.close()
  await audit.close()
  routeCoverage(app, sink).assert()
  const [record] = sink.records
  if (answer.id !== '7' || sink.records.length !== 1 || record?.user?.id !== 'jane')
    throw new Error(JSON.stringify(sink.records))
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
