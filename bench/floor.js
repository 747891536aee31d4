// A writer by hand that does the least that still yields a full record: a yardstick, not a library. It redacts nothing,
// handles no error, has no id, and trusts that every header and every user has the expected shape.
import { writeSync } from 'node:fs'

const NEEDS_ESCAPE = /["\\\p{Cc}\p{Cs}\u2028\u2029]/u
const CACHE_LIMIT = 2000

const known = new Map()

/** The JSON text of strings that come back from request to request. */
function text(value) {
  let json = known.get(value)
  if (json === undefined) {
    json = quote(String(value))
    if (known.size >= CACHE_LIMIT) known.clear()
    known.set(value, json)
  }
  return json
}

function quote(value) {
  return NEEDS_ESCAPE.test(value) ? JSON.stringify(value) : `"${value}"`
}

function headersText(headers) {
  let json = ''
  for (const name in headers) json += `${json === '' ? '' : ','}${text(name)}:${text(headers[name])}`
  return json
}

function userText(user, ip) {
  let roles = ''
  for (const role of user.roles) roles += (roles === '' ? '' : ',') + text(role)
  return `{"authenticated":${user.authenticated},"email":${text(user.email)},"roles":[${roles}],"provider":${text(user.provider)},"realm":${text(user.realm)},"ip":${text(ip)}}`
}

function lineOf(req, res, headers) {
  const url = quote(`http://${req.headers.host}${req.originalUrl ?? req.url}`)
  const { user, filter, results } = req.seen
  return `{"time":${Date.now()},"http_request":{"method":"${req.method}","url":${url},"user_agent":${text(req.headers['user-agent'])}},"http_response":{"status_code":${res.statusCode},"reason":"${res.statusMessage}","headers":{${headersText(headers)}}},"user":${userText(user, req.socket.remoteAddress)},"filter":${JSON.stringify(filter)},"results":${JSON.stringify(results)},"type":"INFO","message":"Read a bicycle"}\n`
}

/** What a server takes to write to `descriptor`, in one go, the records of one turn of the event loop. */
export function floor(server, descriptor) {
  let pending = ''
  const write = () => {
    const lines = Buffer.from(pending)
    pending = ''
    let at = 0
    while (at < lines.length) at += writeSync(descriptor, lines, at)
  }
  return shapes[server]((req, res, headersOf) => {
    res.on('finish', () => {
      if (pending === '') setImmediate(write)
      pending += lineOf(req, res, headersOf())
    })
  })
}

function onExpress(watch) {
  const middleware = (req, res, next) => {
    watch(req, res, () => res.getHeaders())
    next()
  }
  return { middleware }
}

function onFastify(watch) {
  const plugin = async (app) => {
    app.addHook('onRequest', (request, reply, done) => {
      watch(request.raw, reply.raw, () => reply.getHeaders())
      done()
    })
  }
  return { plugin: [Object.assign(plugin, { [Symbol.for('skip-override')]: true })] }
}

function onKoa(watch) {
  const middleware = ({ req, res }, next) => {
    watch(req, res, () => res.getHeaders())
    return next()
  }
  return { middleware }
}

/** Its headers go out with `writeHead`, and Node keeps no others; those of its `Response` are dear to ask for. */
function onHono(watch) {
  const middleware = ({ env: { incoming, outgoing } }, next) => {
    const { writeHead } = outgoing
    let sent
    outgoing.writeHead = (status, headers) => {
      sent = headers
      return Reflect.apply(writeHead, outgoing, [status, headers])
    }
    watch(incoming, outgoing, () => sent)
    return next()
  }
  return { middleware }
}

const shapes = {
  node: onExpress,
  express: onExpress,
  fastify: onFastify,
  koa: onKoa,
  hono: onHono,
  nest: onExpress,
}
