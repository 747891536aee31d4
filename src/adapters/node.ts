import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Server } from 'node:net'
import type { AuditLog } from '../audit-log/audit-log.ts'
import { auditLogFrom, recorderOf } from '../audit-log/create-audit-log.ts'
import type { Settings } from '../audit-log/settings.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { whenAdmitted } from '../exchange/node-admission.ts'
import { openExchange } from '../exchange/node-exchange.ts'
import { type NodeFramework, type NodeRequest, originalTarget } from '../exchange/node-request.ts'
import type { NodeResponse } from '../exchange/node-response.ts'
import { attachToServer, responseClass } from '../exchange/node-server.ts'
import { createNodeCapture } from '../exchange/node-source.ts'
import { runInScope } from '../exchange/run-in-scope.ts'
import { userFromNodeRequest } from '../exchange/user.ts'
import type { Logger } from '../record/logger.ts'

/** A request whose handler runs inside of an audited server. */
export type Audited<Request> = Request & {
  /** The logger of this request's audit record; always safe to call. */
  readonly auditLog: Logger
}

/** A handler of `node:http`, `node:https` or the compatibility API of `node:http2`. */
type Handler<Req, Res> = (req: Req, res: Res) => unknown

/** Wraps handlers so that every request leaves one record. */
export interface NodeAudit {
  <
    Req extends IncomingMessage | Http2ServerRequest = IncomingMessage,
    Res extends ServerResponse | Http2ServerResponse = ServerResponse,
  >(
    handler: Handler<Audited<Req>, Res>,
  ): Handler<Req, Res>
  readonly audit: AuditLog
  /** Records on the server itself: also requests that its parser refuses, and upgrades. Gives the server back. */
  attach<AnyServer extends Server>(server: AnyServer): AnyServer
  /** For `createServer`: a response class that also sees a missing Host (400) and a failed expectation (417). */
  readonly serverOptions: {
    readonly ServerResponse: typeof ServerResponse
    readonly Http1ServerResponse: typeof ServerResponse
  }
}

const node: NodeFramework = {
  source: 'bare',
  target: originalTarget,
  user: userFromNodeRequest,
}

/**
 * Records every request of a server of Node's own.
 *
 * @example
 * const audited = nodeAudit()
 * http.createServer(audited((req, res) => res.end('hello'))).listen(3000)
 */
export function nodeAudit<AppRequest extends NodeRequest = NodeRequest>(
  settings?: Settings<AppRequest> | AuditLog,
): NodeAudit {
  const audit = auditLogFrom(settings)
  const recorder = recorderOf(audit)
  const capture = createNodeCapture(recorder, node)

  const prepare = (req: NodeRequest, _res: NodeResponse, exchange: Exchange | undefined): void => {
    ;(req as { auditLog?: Logger }).auditLog = exchange?.logger ?? recorder.silent
  }
  const wrap = (handler: Handler<NodeRequest, NodeResponse>) =>
    function (this: unknown, req: NodeRequest, res: NodeResponse): unknown {
      const exchange = openExchange(capture, req, res)
      prepare(req, res, exchange)
      if (exchange === undefined) return Reflect.apply(handler, this, [req, res])
      return whenAdmitted(exchange, req, res, () => runInScope(exchange, handle, handler, this, req, res, exchange))
    }
  const Response = responseClass(capture, http.ServerResponse)
  return Object.assign(wrap, {
    audit,
    attach<AnyServer extends Server>(server: AnyServer): AnyServer {
      attachToServer(capture, server, prepare)
      return server
    },
    serverOptions: { ServerResponse: Response, Http1ServerResponse: Response },
  }) as NodeAudit
}

/** Runs a handler and keeps what it throws or rejects with, passing it on: what becomes of it is for Node and the app to say. */
function handle(
  handler: Handler<NodeRequest, NodeResponse>,
  self: unknown,
  req: NodeRequest,
  res: NodeResponse,
  exchange: Exchange,
): unknown {
  try {
    const result = Reflect.apply(handler, self, [req, res])
    if (!(result instanceof Promise)) return result
    return result.catch((error: unknown) => {
      exchange.fail(error)
      throw error
    })
  } catch (error) {
    exchange.fail(error)
    throw error
  }
}
