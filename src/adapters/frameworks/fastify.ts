import type { FastifyInstance, FastifyRequest } from 'fastify'
import { exchangesOf } from '../../exchange/marks.ts'
import { passOn } from '../../exchange/node-admission.ts'
import { openExchange } from '../../exchange/node-exchange.ts'
import { type NodeFramework, originalTarget } from '../../exchange/node-request.ts'
import { attachToServer } from '../../exchange/node-server.ts'
import { createNodeCapture } from '../../exchange/node-source.ts'
import type { Recorder } from '../../exchange/recorder.ts'
import { userFromNodeRequest } from '../../exchange/user.ts'
import type { Logger } from '../../record/logger.ts'

const onFastify: NodeFramework = {
  source: 'own',
  target: originalTarget,
  // There are `ips` only where the app was made with `trustProxy`.
  address: (request) => ('ips' in request ? (request as FastifyRequest).ip : undefined),
  rawOf: (request) => (request as FastifyRequest).raw,
  route: (request) => (request as FastifyRequest).routeOptions.url,
  user: (request) => userFromNodeRequest(request) ?? userFromNodeRequest((request as FastifyRequest).raw),
}

/** Records every request of an app, and gives its requests their logger. */
export function recordOnFastify(app: FastifyInstance, recorder: Recorder): void {
  const capture = createNodeCapture(recorder, onFastify)
  // What never reaches a hook: malformed requests and URLs, answers of hooks before ours, upgrades.
  attachToServer(capture, app.server, () => undefined)
  // And what never reaches that server: `inject`, and the second server of `localhost`.
  app.addHook('onRequest', (request, reply, done) => {
    passOn(openExchange(capture, request.raw, reply.raw, request), request.raw, reply.raw, done)
  })
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
