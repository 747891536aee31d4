import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { AuditLog } from '../audit-log/audit-log.ts'
import { auditLogFrom, recorderOf } from '../audit-log/create-audit-log.ts'
import type { Settings } from '../audit-log/settings.ts'
import { exchangeOf } from '../exchange/marks.ts'
import type { Logger } from '../record/logger.ts'
import { recordOnFastify } from './frameworks/fastify.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The logger of this request's audit record; always there, and always safe to call. */
    auditLog: Logger
  }
}

// Asynchronous, as Fastify waits in vain for a plugin with a callback that throws.
const record: FastifyPluginAsync<Settings<FastifyRequest> | AuditLog> = async (app, settings) => {
  const audit = auditLogFrom(settings)
  const recorder = recorderOf(audit)
  recordOnFastify(app, recorder)
  app.addHook('onError', (request, _reply, error, done) => {
    exchangeOf(request.raw, recorder)?.fail(error)
    done()
  })
  if (audit !== settings) app.addHook('onClose', () => audit.close())
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
