import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { AuditLog } from '../audit-log/audit-log.ts'
import { auditLogFrom, recorderOf } from '../audit-log/create-audit-log.ts'
import type { Settings } from '../audit-log/settings.ts'
import { exchangeOf, exchangesOf } from '../exchange/marks.ts'
import { passOn } from '../exchange/node-admission.ts'
import { openExchange } from '../exchange/node-exchange.ts'
import { type NodeFramework, originalTarget } from '../exchange/node-request.ts'
import { attachToServer } from '../exchange/node-server.ts'
import { createNodeCapture } from '../exchange/node-source.ts'
import { userFromNodeRequest } from '../exchange/user.ts'
import type { Logger } from '../record/logger.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The logger of this request's audit record; always there, and always safe to call. */
    auditLog: Logger
  }
}

const fastify: NodeFramework = {
  source: 'own',
  target: originalTarget,
  // There are `ips` only where the app was made with `trustProxy`.
  address: (request) => ('ips' in request ? (request as FastifyRequest).ip : undefined),
  rawOf: (request) => (request as FastifyRequest).raw,
  route: (request) => (request as FastifyRequest).routeOptions.url,
  user: (request) => userFromNodeRequest(request) ?? userFromNodeRequest((request as FastifyRequest).raw),
}

// Asynchronous, as Fastify waits in vain for a plugin with a callback that throws.
const record: FastifyPluginAsync<Settings<FastifyRequest> | AuditLog> = async (app, settings) => {
  const audit = auditLogFrom(settings)
  const recorder = recorderOf(audit)
  const capture = createNodeCapture(recorder, fastify)

  // What never reaches a hook: malformed requests and URLs, answers of hooks before ours, upgrades.
  attachToServer(capture, app.server, () => undefined)
  // And what never reaches that server: `inject`, and the second server of `localhost`.
  app.addHook('onRequest', (request, reply, done) => {
    passOn(openExchange(capture, request.raw, reply.raw, request), request.raw, reply.raw, done)
  })
  app.addHook('onError', (request, _reply, error, done) => {
    exchangeOf(request.raw, recorder)?.fail(error)
    done()
  })
  if (audit !== settings) app.addHook('onClose', () => audit.close())
  addLogger(app, recorder.silent)
}

/** Two audit logs on one app share the place: the logger there is that of the exchange opened last. */
function addLogger(app: FastifyInstance, silent: Logger): void {
  if (app.hasRequestDecorator('auditLog')) return
  app.decorateRequest('auditLog', {
    getter(this: FastifyRequest): Logger {
      return exchangesOf(this.raw)?.logger ?? silent
    },
  })
}

/**
 * Fastify plugin that records every request of the app and of its server, in whatever order plugins are registered.
 * Takes settings, or an audit log that is open. One made from settings is closed with the app, after its server; one
 * that was given stays open, for whoever opened it to close.
 *
 * @example
 * const app = fastify()
 * app.register(fastifyAudit, { exemptUrls: [/^\/health$/] })
 */
export const fastifyAudit: FastifyPluginAsync<Settings<FastifyRequest> | AuditLog> = Object.assign(record, {
  // Without a scope of its own, so that its hooks are those of the app.
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'griffier',
  [Symbol.for('plugin-meta')]: { name: 'griffier', fastify: '5.x' },
})
