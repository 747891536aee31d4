import type { Application, NextFunction, Request, RequestHandler, Response } from 'express'
import type { AuditLog } from '../audit-log/audit-log.ts'
import { auditLogFrom, recorderOf } from '../audit-log/create-audit-log.ts'
import type { Settings } from '../audit-log/settings.ts'
import { logThrough } from '../exchange/log-through.ts'
import { exchangeOf } from '../exchange/marks.ts'
import { passOn } from '../exchange/node-admission.ts'
import { openExchange } from '../exchange/node-exchange.ts'
import { createNodeCapture } from '../exchange/node-source.ts'
import type { Recorder } from '../exchange/recorder.ts'
import type { Logger } from '../record/logger.ts'
import { onExpress } from './frameworks/express.ts'

declare global {
  namespace Express {
    interface Request {
      /** The logger of this request's audit record; always there once the middleware ran, and always safe to call. */
      auditLog: Logger
    }
  }
}

/** Express middleware that records every request, and the audit log that it records to. */
export interface ExpressAudit extends RequestHandler {
  readonly audit: AuditLog
}

/**
 * Records every request of an Express app (4 or 5). Mount it first: what earlier middleware answers is not seen.
 *
 * @example
 * const app = express()
 * app.use(expressAudit({ exemptUrls: [/^\/health$/] }))
 */
export function expressAudit<AppRequest extends Request = Request>(
  settings?: Settings<AppRequest> | AuditLog,
): ExpressAudit {
  const audit = auditLogFrom(settings)
  const recorder = recorderOf(audit)
  const capture = createNodeCapture(recorder, onExpress)
  const prepared = new WeakSet<Application>()

  const middleware = (req: Request, res: Response, next: NextFunction): void => {
    const { app } = req as { readonly app?: Application }
    // Without an app the middleware stands on another router of the same kind, and the request is a bare one.
    if (app === undefined) logThrough(req, recorder)
    else if (!prepared.has(app)) {
      prepared.add(app)
      prepare(app, recorder)
    }
    passOn(openExchange(capture, req, res), req, res, () => next())
  }
  return Object.assign(middleware, { audit })
}

/** What an app needs once, seen when its first request comes. */
function prepare(app: Application, recorder: Recorder): void {
  // On the app's own prototype of requests: a property on each request would cost more than all else that an exempt one needs.
  logThrough((app as Application & { readonly request: object }).request, recorder)
  app.use((error: unknown, req: Request, _res: Response, next: NextFunction) => {
    exchangeOf(req, recorder)?.fail(error)
    next(error)
  })
  moveBeforeErrorHandlers(app)
}

interface Router {
  readonly stack: Layer[]
}

interface Layer {
  readonly handle: (...given: never[]) => unknown
}

/** Express takes a handler of four parameters for one of errors. */
const ERROR_HANDLER_PARAMETERS = 4

/** The app's own error handlers answer, so that what comes after them is not told of the error. */
function moveBeforeErrorHandlers(app: Application): void {
  const { stack } = routerOf(app)
  const added = stack.pop()
  if (added === undefined) return
  const first = stack.findIndex(({ handle }) => handle.length === ERROR_HANDLER_PARAMETERS)
  stack.splice(first === -1 ? stack.length : first, 0, added)
}

/** Express 4 has its router under another name, and throws where it is asked for this one. */
function routerOf(app: Application): Router {
  const { _router } = app as { readonly _router?: Router }
  return _router ?? (app as unknown as { readonly router: Router }).router
}
