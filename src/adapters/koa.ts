import type { Context, ExtendableContext, Next } from 'koa'
import type { AuditLog } from '../audit-log/audit-log.ts'
import { auditLogFrom, recorderOf } from '../audit-log/create-audit-log.ts'
import type { Settings } from '../audit-log/settings.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { exchangeOf, exchangesOf } from '../exchange/marks.ts'
import { whenAdmitted } from '../exchange/node-admission.ts'
import { openExchange } from '../exchange/node-exchange.ts'
import { type NodeFramework, originalTarget } from '../exchange/node-request.ts'
import { createNodeCapture } from '../exchange/node-source.ts'
import type { Recorder } from '../exchange/recorder.ts'
import { runInScope } from '../exchange/run-in-scope.ts'
import { userFromNodeRequest } from '../exchange/user.ts'
import type { Logger } from '../record/logger.ts'

declare module 'koa' {
  interface ExtendableContext {
    /** The logger of this request's audit record; always there once the middleware ran, and always safe to call. */
    auditLog: Logger
  }
}

const koa: NodeFramework = {
  source: 'own',
  // An app of Koa's within another framework's: what that one kept is more original.
  target: (req, ctx) =>
    'originalUrl' in req ? originalTarget(req) : ((ctx as Context | undefined)?.originalUrl ?? req.url ?? ''),
  address: (ctx) => ((ctx as Context).app.proxy ? (ctx as Context).ip : undefined),
  userHolder: (ctx) => (ctx as Context).state,
  // As the routers of @koa/router and koa-router leave it.
  route: (ctx) => {
    const { _matchedRoute: route } = ctx as Context
    return typeof route === 'string' ? route : undefined
  },
  user: (ctx) => userFromContext(ctx as Context),
}

/** `ctx.state.user`, with `ctx.isAuthenticated()` of koa-passport; else what Node's authentication libraries put on `ctx.req`. */
function userFromContext(ctx: Context): unknown {
  const { state, req } = ctx
  const user: unknown = state?.user
  if (typeof ctx.isAuthenticated === 'function') {
    return userFromNodeRequest({ user, isAuthenticated: () => ctx.isAuthenticated() })
  }
  return userFromNodeRequest({ user }) ?? userFromNodeRequest(req)
}

/** Koa middleware that records every request, and the audit log that it records to. */
export interface KoaAudit {
  (ctx: ExtendableContext, next: Next): Promise<void>
  readonly audit: AuditLog
}

/**
 * Records every request of a Koa app (3 or 2). Mount it first: what earlier middleware answers is not seen.
 *
 * @example
 * const app = new Koa()
 * app.use(koaAudit({ exemptUrls: [/^\/health$/] }))
 */
export function koaAudit<AppContext extends ExtendableContext = Context>(
  settings?: Settings<AppContext> | AuditLog,
): KoaAudit {
  const audit = auditLogFrom(settings)
  const recorder = recorderOf(audit)
  const capture = createNodeCapture(recorder, koa)
  const prepared = new WeakSet<object>()

  const middleware = (ctx: ExtendableContext, next: Next): Promise<void> => {
    const { context } = ctx.app
    if (!prepared.has(context)) {
      prepared.add(context)
      prepare(context, recorder)
    }
    const exchange = openExchange(capture, ctx.req, ctx.res, ctx)
    if (exchange === undefined) return next()
    return whenAdmitted(exchange, ctx.req, ctx.res, () => runInScope(exchange, run, exchange, next))
  }
  return Object.assign(middleware, { audit })
}

/** Runs the rest of the app and keeps what it throws, passing it on: what becomes of it is for middleware around, and Koa, to say. */
function run(exchange: Exchange, next: Next): Promise<void> {
  return next().catch((error: unknown) => {
    exchange.fail(error)
    throw error
  })
}

type AppContext = ExtendableContext['app']['context']

/** What an app needs once, seen when its first request comes. */
function prepare(context: AppContext, recorder: Recorder): void {
  Object.defineProperty(context, 'auditLog', {
    configurable: true,
    get(this: ExtendableContext): Logger {
      return exchangesOf(this.req)?.logger ?? recorder.silent
    },
  })
  // Koa's own end of every error: also of those that no middleware sees, as when the body is a stream that fails.
  const { onerror } = context
  context.onerror = function (this: ExtendableContext, error: Error) {
    if (error != null) exchangeOf(this.req, recorder)?.fail(error)
    Reflect.apply(onerror, this, [error])
  }
}
