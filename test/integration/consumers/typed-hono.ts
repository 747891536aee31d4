// A typed app on Hono that says what its own variables are.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { createAuditLog, stdoutSink } from 'griffier'
import { honoAudit } from 'griffier/hono'
import { auditResource } from 'griffier/resources'
import { memorySink, routeCoverage } from 'griffier/testing'
import { type Context, Hono } from 'hono'

interface MyEnv {
  Bindings: { readonly REGION: string }
  Variables: { user: { readonly subject: string; readonly groups: readonly string[] } }
}

/** Compiled only: the ways of mounting it. */
export function mount(app: Hono<MyEnv>): void {
  app.use(honoAudit())
  app.use(honoAudit({ userFromRequest: (context) => context.get('user') }))
  app.use(
    honoAudit({
      userFromRequest: (context: Context<MyEnv>) => ({ id: context.var.user.subject, realm: context.env.REGION }),
    }),
  )
  // @ts-expect-error: the callback sees the app's own variables
  app.use(honoAudit({ userFromRequest: (context: Context<MyEnv>) => context.var.nothing }))
  new Hono().use(honoAudit({ exemptUrls: [/^\/health$/] })).get('/', (context) => {
    context.var.auditLog.info('plain')
    return context.text('plain')
  })
}

async function main(): Promise<void> {
  const sink = memorySink()
  const audit = createAuditLog({
    loggerName: 'on Hono',
    logHandler: [stdoutSink(), sink],
    userFromRequest: (context: Context<MyEnv>) => ({ id: context.get('user').subject, roles: context.var.user.groups }),
  })
  const app = new Hono<MyEnv>()
  app.use(honoAudit(audit))
  app.use(async (context, next) => {
    context.set('user', { subject: 'jane', groups: ['editor'] })
    await next()
  })
  app.get(
    '/bicycles/:id',
    auditResource('Bicycle')((context: Context<MyEnv, '/bicycles/:id'>) => {
      context.get('auditLog').info(`Showed ${context.req.param('id')} to ${context.var.user.subject}`)
      return context.json({ id: context.req.param('id') })
    }),
  )
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
  if (!server.listening) await once(server, 'listening')
  await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/bicycles/7`)).json()
  await sink.waitFor(1, 30_000)
  server.close()
  await audit.close()
  routeCoverage(app, sink).assert()
  if (sink.records.length !== 1 || sink.records[0]?.user?.id !== 'jane') throw new Error(JSON.stringify(sink.records))
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
