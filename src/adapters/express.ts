import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { AuditLog } from '../audit-log/audit-log.ts'
import { auditLogFrom, recorderOf } from '../audit-log/create-audit-log.ts'
import type { Settings } from '../audit-log/settings.ts'
import { exchangeOf } from '../exchange/marks.ts'
import { createNodeCapture, openExchange, runInScope } from '../exchange/node-exchange.ts'
import type { NodeFramework } from '../exchange/node-request.ts'
import { userFromNodeRequest } from '../exchange/user.ts'
import type { Logger } from '../record/logger.ts'

declare global {
  namespace Express {
    interface Request {
      /** The logger of this request's audit record; always there once the middleware ran, and always safe to call. */
      auditLog: Logger
    }
  }
}

const express: NodeFramework = {
  target: (req) => (req as Request).originalUrl ?? req.url ?? '',
  address: (req) => ((req as Request).app?.get('trust proxy') ? (req as Request).ip : undefined),
  user: userFromNodeRequest,
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
  const capture = createNodeCapture(recorder, express)
  const watched = new WeakSet<object>()

  const middleware = (req: Request, res: Response, next: NextFunction): void => {
    const exchange = openExchange(capture, req, res)
    req.auditLog = exchange?.logger ?? recorder.silent
    if (!watched.has(req.app)) {
      watched.add(req.app)
      req.app.use(noteError)
    }
    runInScope(exchange, next)
  }
  // Last of all handlers, as it is added with the first request: an error that comes this far is the app's answer.
  const noteError = (error: unknown, req: Request, _res: Response, next: NextFunction): void => {
    exchangeOf(req, recorder)?.fail(error)
    next(error)
  }
  return Object.assign(middleware, { audit })
}
