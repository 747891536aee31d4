import type { Context, MiddlewareHandler, Next } from 'hono'
import type { AuditLog } from '../audit-log/audit-log.ts'
import { auditLogFrom, recorderOf } from '../audit-log/create-audit-log.ts'
import type { Settings } from '../audit-log/settings.ts'
import { admissionOf } from '../exchange/admission.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { type FetchPlatform, recordFetch, refusedResponse } from '../exchange/fetch-exchange.ts'
import type { FetchCapture } from '../exchange/fetch-source.ts'
import { isGone } from '../exchange/node-admission.ts'
import { openExchange } from '../exchange/node-exchange.ts'
import { type NodeFramework, originalTarget } from '../exchange/node-request.ts'
import type { NodeResponse } from '../exchange/node-response.ts'
import { createNodeCapture } from '../exchange/node-source.ts'
import { runInScope } from '../exchange/run-in-scope.ts'
import { fromOidcClaims } from '../exchange/user.ts'
import { property } from '../lib/property.ts'
import type { Logger } from '../record/logger.ts'

declare module 'hono' {
  interface ContextVariableMap {
    /** The logger of this request's audit record; always there once the middleware ran, and always safe to call. */
    auditLog: Logger
  }
}

const hono: NodeFramework = {
  source: 'own',
  target: originalTarget,
  route: (context) => routeOf(context as Context),
  user: (context) => userOf(context as Context),
}

/** Hono middleware that records every request, and the audit log that it records to. */
export interface HonoAudit extends MiddlewareHandler {
  readonly audit: AuditLog
}

/**
 * Records every request of a Hono app (4): on `@hono/node-server` as its response goes out, anywhere else by its
 * `Response`. Mount it first: what earlier middleware answers is not seen.
 *
 * @example
 * const app = new Hono()
 * app.use(honoAudit({ exemptUrls: [/^\/health$/] }))
 */
export function honoAudit<AppContext extends Context = Context>(settings?: Settings<AppContext> | AuditLog): HonoAudit {
  const audit = auditLogFrom(settings)
  const recorder = recorderOf(audit)
  const onNode = createNodeCapture(recorder, hono)
  const { headerText } = onNode
  const onFetch: FetchCapture = { recorder, headerText, framework: hono, flush: () => audit.flush() }

  // Without `async` and `await`: each promise more costs much while one carries the scope.
  const middleware = (context: Context, next: Next): Promise<Response | undefined> => {
    const { incoming, outgoing } = bindingsOf(context)
    if (incoming === undefined || outgoing === undefined) return recordResponse(onFetch, context, next)
    const exchange = openExchange(onNode, incoming, outgoing, context)
    const goOn = (): Promise<undefined> =>
      runInScope(exchange, run, exchange, exchange?.logger ?? recorder.silent, context, next)
    const admission = exchange === undefined ? undefined : admissionOf(exchange)
    if (admission === undefined) return goOn()
    // For a client that has left by then, nobody reads it.
    return admission.then((mayRun) => (mayRun && !isGone(incoming, outgoing) ? goOn() : refusedResponse()))
  }
  return Object.assign(middleware as MiddlewareHandler, { audit })
}

/** Runs the rest of the app and keeps the error that ended it, also where `onError` answered it. */
function run(exchange: Exchange | undefined, logger: Logger, context: Context, next: Next): Promise<undefined> {
  context.set('auditLog', logger)
  return next().then(
    () => {
      if (context.error !== undefined) exchange?.fail(context.error)
      return undefined
    },
    (error: unknown) => {
      exchange?.fail(error)
      throw error
    },
  )
}

async function recordResponse(capture: FetchCapture, context: Context, next: Next): Promise<undefined> {
  const request = { request: context.req.raw, known: context }
  const platform: FetchPlatform = { waitUntil: waitUntilOf(context) }
  const response = await recordFetch(capture, request, platform, async (exchange) => {
    await run(exchange, exchange?.logger ?? capture.recorder.silent, context, next)
    return context.res
  })
  if (response === context.res) return
  // Without this, Hono would take the headers of the one before once more.
  context.res = undefined
  context.res = response
}

/** Where `@hono/node-server` leaves Node's own request and response. */
function bindingsOf(context: Context): { incoming?: Parameters<typeof openExchange>[1]; outgoing?: NodeResponse } {
  const server: unknown = property(context.env, 'server') ?? context.env
  const outgoing = property(server, 'outgoing')
  if (typeof property(outgoing, 'writeHead') !== 'function') return {}
  return { incoming: property(server, 'incoming') as never, outgoing: outgoing as NodeResponse }
}

/** What the app's own authentication left, or the claims that `hono/jwt` verified. */
function userOf(context: Context): unknown {
  const user: unknown = context.get('user')
  return user ?? fromOidcClaims(context.get('jwtPayload'))
}

/** The last that was dispatched to; where that is middleware for everything, no route was chosen. */
function routeOf(context: Context): string | undefined {
  const { routePath } = context.req
  return routePath === '' || routePath === '/*' ? undefined : routePath
}

function waitUntilOf(context: Context): FetchPlatform['waitUntil'] {
  try {
    const { executionCtx } = context
    return (promise) => executionCtx.waitUntil(promise)
  } catch {
    return undefined
  }
}
