// Every contestant: the servers it runs on, how it is mounted, and how it learns the filter and the results of a request.
//
// `mount` gives what its server takes: `middleware` in the framework's shape, or else `wrap` for what takes node:http's
// handler, `options` of a Fastify app and a `plugin` with its settings, `imports` of a Nest module. `remember` is called with
// what the server's handlers call the request. Records go to stdout, which is a file, unless it writes files of its own in
// `directory`. One that writes more than one line a request says how many, and which member tells whose they are; `besides`
// counts lines that belong to no request.
import { recordOf } from './app.js'
import { floor } from './floor.js'
import { fastifyPino, honoPino, koaPinoLogger, nestjsPino, pinoHttp } from './pino.js'
import { keepOn, servers } from './servers.js'

const PLAIN = ['node', 'express']
const ALL = Object.keys(servers)
/** Where a floor can hold a response: Nest's is that of Express. */
const FLOORED = ALL.filter((server) => server !== 'nest')

export const contestants = {
  bare: { servers: ALL, mount: () => ({ remember: () => {} }) },
  griffier: {
    servers: ALL,
    mount: griffier(({ stdoutSink }) => ({ logHandler: stdoutSink() })),
  },
  'griffier-file': {
    servers: PLAIN,
    mount: griffier(({ fileSink }, directory) => ({ logHandler: fileSink(`${directory}/records.ndjson`) })),
  },
  'griffier-no-context': {
    servers: ALL,
    mount: griffier(({ stdoutSink }) => ({ logHandler: stdoutSink(), context: false })),
  },
  'griffier-written': { servers: FLOORED, mount: onTrail('written'), lines: { each: 1, besides: 1 } },
  'griffier-durable': { servers: FLOORED, mount: onTrail('durable'), lines: { each: 1, besides: 1 } },
  'pino-http': { servers: PLAIN, mount: pinoHttp() },
  'pino-http-async': { servers: PLAIN, mount: pinoHttp({ sync: false, minLength: 4096, periodicFlush: 100 }) },
  'fastify-pino': { servers: ['fastify'], mount: fastifyPino, lines: { each: 2, whose: 'reqId' } },
  'koa-pino-logger': { servers: ['koa'], mount: koaPinoLogger },
  'hono-pino': { servers: ['hono'], mount: honoPino },
  'nestjs-pino': { servers: ['nest'], mount: nestjsPino },
  morgan: { servers: PLAIN, mount: morgan },
  'express-winston': { servers: ['express'], mount: expressWinston },
  // evlog has no door for node:http. Its redaction is off: it would change the user agent, which the check asks for.
  evlog: { servers: ['express'], mount: (server) => evlog(server) },
  'evlog-audit': { servers: ['express'], mount: evlog },
  floor: { servers: ALL, mount: (server) => ({ ...floor(server, 1), remember: keepOn(server) }) },
  'floor-written': { servers: FLOORED, mount: heldFloor('written') },
  'floor-durable': { servers: FLOORED, mount: heldFloor('durable') },
}

/** On a trail and nowhere else; a trail has a record of its own start. */
function onTrail(guarantee) {
  return griffier((_doors, directory) => ({ logHandler: [], guarantee, trail: { directory: `${directory}/trail` } }))
}

function heldFloor(guarantee) {
  return (server) => ({ ...floor(server, 1, guarantee), remember: keepOn(server) })
}

function griffier(settingsFor) {
  return async (server, directory) => {
    const doors = await import('../dist/index.js')
    const { userOf, auditLogOf } = servers[server]
    const audit = doors.createAuditLog({
      userFromRequest: userOf,
      onError: (error) => console.error(error.message),
      ...settingsFor(doors, directory),
    })
    const remember = (request, filter, results) => {
      auditLogOf(request)
        .setFilter(filter.object, filter.fields, filter.terms)
        .setResults(results)
        .info('Read a bicycle')
    }
    return { ...mounted(server, audit, await import(`../dist/adapters/${server}.js`)), remember }
  }
}

function mounted(server, audit, door) {
  if (server === 'node') return { wrap: door.nodeAudit(audit) }
  if (server === 'fastify') return { plugin: [door.fastifyAudit, audit] }
  if (server === 'nest') return { imports: [door.AuditModule.forRoot(audit)] }
  return { middleware: door[`${server}Audit`](audit) }
}

async function morgan(server) {
  const { default: make } = await import('morgan')
  const line = (tokens, req, res) => JSON.stringify({ audit: recordOf(req, res), time: tokens.date(req, res, 'iso') })
  return { middleware: make(line), remember: keepOn(server) }
}

async function expressWinston(server) {
  const { default: make } = await import('express-winston')
  const { default: winston } = await import('winston')
  const middleware = make.logger({
    transports: [new winston.transports.Console()],
    format: winston.format.combine(winston.format.timestamp(), winston.format.json()),
    msg: 'request',
    meta: true,
    requestWhitelist: [],
    responseWhitelist: [],
    dynamicMeta: (req, res) => ({ audit: recordOf(req, res) }),
  })
  return { middleware, remember: keepOn(server) }
}

/** To stdout; with a directory as its audit log: signed by a hash chain, drained to files in batches. */
async function evlog(server, directory) {
  const { auditOnly, initLogger, signed } = await import('evlog')
  const { evlog: make } = await import('evlog/express')
  let drain
  if (directory !== undefined) {
    const { createDrainPipeline } = await import('evlog/pipeline')
    const { createFsDrain } = await import('evlog/fs')
    const pipeline = createDrainPipeline({ batch: { size: 50, intervalMs: 200 }, maxBufferSize: 200_000 })
    drain = auditOnly(signed(pipeline(createFsDrain({ dir: `${directory}/evlog` })), { strategy: 'hash-chain' }))
  }
  const env = { service: 'bench', environment: 'production' }
  initLogger({ env, pretty: false, redact: false, ...(drain && { silent: true, drain }) })
  const keep = keepOn(server)
  const remember = (req, filter, results) => {
    keep(req, filter, results)
    if (drain !== undefined) {
      req.log.audit({
        action: 'bicycle.read',
        actor: { type: 'user', id: req.user.email },
        target: { type: 'bicycle', id: '42' },
        outcome: 'success',
      })
    }
    req.log.set(recordOf(req, req.res))
  }
  return { middleware: make(drain && { drain }), remember }
}
