// Every contestant: how it is mounted, and how it learns the filter and the results of a request.
//
// `mount` gives { middleware?, wrap?, remember? }: `middleware` in the shape of Express, `wrap` for what takes node:http's
// handler. Its records go to stdout, which is a file, unless it writes files of its own in `directory`.
import { recordOf } from './app.js'
import { floor } from './floor.js'

const BOTH = ['node', 'express']

function keep(req, _res, filter, results) {
  req.seen = { filter, results }
}

export const contestants = {
  bare: { servers: BOTH, mount: () => ({ remember: () => {} }) },
  griffier: {
    servers: BOTH,
    mount: griffier(({ stdoutSink }) => ({ logHandler: stdoutSink() })),
  },
  'griffier-file': {
    servers: BOTH,
    mount: griffier(({ fileSink }, directory) => ({ logHandler: fileSink(`${directory}/records.ndjson`) })),
  },
  'griffier-no-context': {
    servers: BOTH,
    mount: griffier(({ stdoutSink }) => ({ logHandler: stdoutSink(), context: false })),
  },
  'pino-http': { servers: BOTH, mount: pinoHttp({}) },
  'pino-http-async': { servers: BOTH, mount: pinoHttp({ sync: false, minLength: 4096, periodicFlush: 100 }) },
  morgan: { servers: BOTH, mount: morgan },
  'express-winston': { servers: ['express'], mount: expressWinston },
  // evlog has no door for node:http. Its redaction is off: it would change the user agent, which the check asks for.
  evlog: { servers: ['express'], mount: () => evlog() },
  'evlog-audit': { servers: ['express'], mount: (_server, directory) => evlog(directory) },
  floor: { servers: BOTH, mount: () => ({ middleware: floor(1), remember: keep }) },
}

function griffier(settingsFor) {
  return async (server, directory) => {
    const doors = await import('../dist/index.js')
    const { expressAudit } = await import('../dist/adapters/express.js')
    const { nodeAudit } = await import('../dist/adapters/node.js')
    const audit = doors.createAuditLog({
      userFromRequest: (req) => req.user,
      onError: (error) => console.error(error.message),
      ...settingsFor(doors, directory),
    })
    const remember = (req, _res, filter, results) => {
      req.auditLog.setFilter(filter.object, filter.fields, filter.terms).setResults(results).info('Read a bicycle')
    }
    return server === 'node' ? { wrap: nodeAudit(audit), remember } : { middleware: expressAudit(audit), remember }
  }
}

function pinoHttp(destination) {
  return async () => {
    const { default: pino } = await import('pino')
    const { default: make } = await import('pino-http')
    const options = {
      serializers: {
        req: (req) => ({
          method: req.method,
          url: `http://${req.headers.host}${req.url}`,
          user_agent: req.headers['user-agent'],
        }),
        res: (res) => ({
          status_code: res.statusCode,
          reason: res.raw.statusMessage ?? 'OK',
          headers: res.raw.getHeaders(),
        }),
      },
      customProps: (req) => req.user && { user: { ...req.user, ip: req.socket.remoteAddress }, ...req.seen },
    }
    return { middleware: make(options, pino.destination({ fd: 1, ...destination })), remember: keep }
  }
}

async function morgan() {
  const { default: make } = await import('morgan')
  const line = (tokens, req, res) => JSON.stringify({ audit: recordOf(req, res), time: tokens.date(req, res, 'iso') })
  return { middleware: make(line), remember: keep }
}

async function expressWinston() {
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
  return { middleware, remember: keep }
}

/** To stdout; with a directory as its audit log: signed by a hash chain, drained to files in batches. */
async function evlog(directory) {
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
  const remember = (req, res, filter, results) => {
    keep(req, res, filter, results)
    if (drain !== undefined) {
      req.log.audit({
        action: 'bicycle.read',
        actor: { type: 'user', id: req.user.email },
        target: { type: 'bicycle', id: '42' },
        outcome: 'success',
      })
    }
    req.log.set(recordOf(req, res))
  }
  return { middleware: make(drain && { drain }), remember }
}
