// A typed app on Koa that says what its own state and context have.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createAuditLog, stdoutSink } from 'griffier'
import { koaAudit } from 'griffier/koa'
import { auditResource } from 'griffier/resources'
import { expectAudited, memorySink } from 'griffier/testing'
import Koa from 'koa'

interface MyState {
  user: { readonly subject: string; readonly groups: readonly string[] }
}

interface MyContext extends Koa.DefaultContext {
  tenant: string
}

type AppContext = Koa.ParameterizedContext<MyState, MyContext>

/** Compiled only: the ways of mounting it. */
export function mount(app: Koa<MyState, MyContext>): void {
  app.use(koaAudit())
  app.use(koaAudit({ userFromRequest: (ctx) => ctx.state.user }))
  app.use(koaAudit({ userFromRequest: ({ state, tenant }: AppContext) => ({ id: state.user.subject, realm: tenant }) }))
  // @ts-expect-error: the callback sees the app's own state
  app.use(koaAudit({ userFromRequest: ({ state }: AppContext) => state.nothing }))
  new Koa().use(koaAudit({ exemptUrls: [/^\/health$/] })).use((ctx) => void ctx.auditLog.info('plain'))
}

async function main(): Promise<void> {
  const sink = memorySink()
  const audit = createAuditLog({
    loggerName: 'on Koa',
    logHandler: [stdoutSink(), sink],
    userFromRequest: ({ state }: AppContext) => ({ id: state.user.subject, roles: state.user.groups }),
  })
  const app = new Koa<MyState, MyContext>()
  app.use(koaAudit(audit))
  app.use(async (ctx, next) => {
    ctx.state.user = { subject: 'jane', groups: ['editor'] }
    ctx.tenant = 'north'
    await next()
  })
  app.use(
    auditResource('Bicycle')((ctx: AppContext) => {
      ctx.auditLog.info(`Showed all to ${ctx.state.user.subject} of ${ctx.tenant}`)
      ctx.body = [{ id: 7 }]
    }),
  )
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/bicycles`)).text()
  const record = await expectAudited(sink, { user: { id: 'jane' }, message: /^Showed all to jane of north$/ }, 30_000)
  server.close()
  await audit.close()
  if (sink.records.length !== 1 || record.filter === undefined) throw new Error(JSON.stringify(sink.records))
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
