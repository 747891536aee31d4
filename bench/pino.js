// The loggers that people usually have on each framework, all of them pino beneath, told to write the same full record.
import { STATUS_CODES } from 'node:http'
import { detailsOf, requestOf, responseOf } from './app.js'
import { keepOn } from './servers.js'

// As pino has it without any destination: each line is written at once.
const AT_ONCE = {}

/** What serializers of pino-http are given holds Node's request and response as `raw`. */
const OPTIONS = {
  serializers: {
    req: ({ raw }) => requestOf(raw),
    res: ({ raw }) => responseOf(raw, raw.getHeaders()),
  },
  // Asked when the request comes, too.
  customProps: (req) => req.seen && detailsOf(req),
}

async function stdout(destination) {
  const { default: pino } = await import('pino')
  return pino.destination({ fd: 1, ...destination })
}

export function pinoHttp(destination = AT_ONCE) {
  return async (server) => {
    const { default: make } = await import('pino-http')
    return { middleware: make(OPTIONS, await stdout(destination)), remember: keepOn(server) }
  }
}

export async function koaPinoLogger(server) {
  const { default: make } = await import('koa-pino-logger')
  return { middleware: make(OPTIONS, await stdout(AT_ONCE)), remember: keepOn(server) }
}

export async function nestjsPino(server) {
  const { LoggerModule } = await import('nestjs-pino')
  return { imports: [LoggerModule.forRoot({ pinoHttp: [OPTIONS, await stdout(AT_ONCE)] })], remember: keepOn(server) }
}

/** Two lines a request, as Fastify logs when it is told to: what was asked in the first, the rest in the second. */
export async function fastifyPino(server) {
  const serializers = {
    req: ({ raw }) => requestOf(raw),
    res: (reply) => ({ ...responseOf(reply.raw, reply.getHeaders()), ...detailsOf(reply.request.raw) }),
  }
  return { options: { logger: { serializers, stream: await stdout(AT_ONCE) } }, remember: keepOn(server) }
}

/** It writes when the app has answered, before Node has. */
export async function honoPino(server) {
  const { default: pino } = await import('pino')
  const { pinoLogger } = await import('hono-pino')
  const middleware = pinoLogger({
    pino: pino(await stdout(AT_ONCE)),
    http: {
      onReqBindings: (c) => ({
        req: { method: c.req.method, url: c.req.url, user_agent: c.req.header('user-agent') },
      }),
      onResBindings: ({ env, res }) => ({
        res: { status_code: res.status, reason: STATUS_CODES[res.status], headers: Object.fromEntries(res.headers) },
        ...detailsOf(env.incoming),
      }),
    },
  })
  return { middleware, remember: keepOn(server) }
}
