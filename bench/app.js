// The app that every contestant records: what it answers, to whom, and what a full record of it has to say.

export const HOST = 'app.example.org'
export const TARGET = '/api/bicycles/42?including=history&page=2'

export const REQUEST_HEADERS = {
  host: HOST,
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  accept: 'application/json, text/plain, */*',
  'accept-encoding': 'gzip, deflate, br',
  'accept-language': 'nl-NL,nl;q=0.9,en;q=0.8',
  authorization: 'Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmU',
  cookie: 'session=3b1c0a5e9d7f; theme=dark',
}

export const BODY = JSON.stringify({
  id: 42,
  name: 'Omafiets 28',
  colour: 'red',
  price: 899.95,
  currency: 'EUR',
  stock: { amsterdam: 3, utrecht: 1 },
  tags: ['city', 'steel'],
  updated: '2025-11-25T10:00:00.000Z',
})

/** The eight headers that the app sets; Node adds Date, Connection and Keep-Alive. */
export const RESPONSE_HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'content-length': String(Buffer.byteLength(BODY)),
  'cache-control': 'no-store, max-age=0',
  etag: 'W/"c8-Zk3v0q1m8Jt2"',
  vary: 'Accept-Encoding',
  'x-request-id': '8f14e45f-ceea-467f-a0e6-b8e5b2f0a7f1',
  'x-content-type-options': 'nosniff',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
}

const RESPONSE_HEADER_ENTRIES = Object.entries(RESPONSE_HEADERS)

/** A fresh user for each request, as an authentication middleware would make it. */
export function makeUser() {
  return {
    authenticated: true,
    email: 'jane@example.org',
    roles: ['editor', 'viewer'],
    provider: 'keycloak',
    realm: 'city',
  }
}

/** Hands the filter and the results of a request to the contestant's logger, fresh as an app has them. */
export function tell(remember, request) {
  remember(request, { object: 'Bicycle', fields: ['colour', 'brand'], terms: 'red' }, [{ id: 42, name: 'Omafiets 28' }])
}

export function setHeaders(res) {
  for (const [name, value] of RESPONSE_HEADER_ENTRIES) res.setHeader(name, value)
}

/** The handler of servers that have Node's own request and response. */
export function answer(req, res, remember) {
  setHeaders(res)
  tell(remember, req)
  res.end(BODY)
}

/** The full record of a request whose `seen` is kept, as an app would put it together by hand, for loggers that know no audit. */
export function recordOf(req, res) {
  return { http_request: requestOf(req), http_response: responseOf(res, res.getHeaders()), ...detailsOf(req) }
}

export function requestOf(req) {
  return {
    method: req.method,
    url: `http://${req.headers.host}${req.originalUrl ?? req.url}`,
    user_agent: req.headers['user-agent'],
  }
}

export function responseOf(res, headers) {
  return { status_code: res.statusCode, reason: res.statusMessage ?? 'OK', headers }
}

export function detailsOf({ seen: { user, filter, results }, socket }) {
  return { user: { ...user, ip: socket.remoteAddress }, filter, results }
}

const EXPECTED = [
  ['method', 'GET'],
  ['url', `http://${HOST}${TARGET}`],
  ['user_agent', REQUEST_HEADERS['user-agent']],
  ['status_code', 200],
  ...RESPONSE_HEADER_ENTRIES.map(([name, value]) => [`headers.${name}`, value]),
  ['user.authenticated', true],
  ['user.email', 'jane@example.org'],
  ['user.roles.0', 'editor'],
  ['user.roles.1', 'viewer'],
  ['user.provider', 'keycloak'],
  ['user.realm', 'city'],
  ['user.ip', '127.0.0.1'],
  ['filter.object', 'Bicycle'],
  ['filter.fields.0', 'colour'],
  ['filter.fields.1', 'brand'],
  ['filter.terms', 'red'],
  ['results.0.id', 42],
  ['results.0.name', 'Omafiets 28'],
]

/** The fields that a contestant's lines about one request lack, wherever they keep them; empty when they are a full record. */
export function missingFields(lines) {
  let records
  try {
    records = lines.map((line) => JSON.parse(line))
  } catch {
    return ['valid JSON']
  }
  const leaves = leavesOf(records, '')
  const has = ([path, value]) =>
    leaves.some(([at, found]) => at.endsWith(`.${path}`) && (found === value || isSameHeader(path, value, found)))
  return EXPECTED.filter((field) => !has(field)).map(([path]) => path)
}

/** Koa sets the length as a number, which some loggers write as it is. */
function isSameHeader(path, value, found) {
  return path === 'headers.content-length' && String(found) === value
}

function leavesOf(value, path) {
  if (value === null || typeof value !== 'object') return [[path, value]]
  return Object.entries(value).flatMap(([key, member]) => leavesOf(member, `${path}.${key}`))
}
