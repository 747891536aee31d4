import { isStandardPhrase } from '../lib/reason-phrases.ts'
import type { AuditRecord, HttpRequestPart, HttpResponsePart, Json, UserPart } from '../record/record.ts'
import type { Format } from './format.ts'
import { pythonJson } from './python-json.ts'

/**
 * The line that the Python audit log writes for the same facts, byte for byte but for the order of headers: one index can
 * hold both. It has no place for `id`, `time`, `duration_ms`, `kind`, `exchange`, `outcome`, `error` and the request's ids,
 * nor for records of a trail's own kinds.
 */
export const pythonAuditLog: Format = ({ record }) =>
  record.kind !== undefined && !hasPlace[record.kind] ? undefined : pythonJson(pythonShape(record))

/** Each kind by its name, so that a new one has to be decided on. */
const hasPlace: { readonly [Kind in NonNullable<AuditRecord['kind']>]: boolean } = {
  event: true,
  amendment: true,
  intent: false,
  interrupted: false,
  start: false,
  stop: false,
  recovery: false,
  gap: false,
  damage: false,
  heartbeat: false,
}

function pythonShape(record: AuditRecord): Json {
  return {
    audit: {
      http_request: record.http_request === undefined ? null : requestShape(record.http_request),
      http_response: record.http_response === undefined ? null : responseShape(record.http_response),
      user: record.user === undefined ? null : userShape(record.user),
      filter: record.filter === undefined ? null : filterShape(record.filter),
      results: record.results ?? null,
      type: record.type ?? null,
      message: record.message ?? null,
    },
  }
}

function requestShape(request: HttpRequestPart): Json {
  return { method: request.method ?? '', url: request.url ?? '', user_agent: request.user_agent ?? '?' }
}

function responseShape(response: HttpResponsePart): Json {
  const headers = Object.entries(response.headers).map(([name, value]) => [titleCase(name), value] as const)
  return {
    status_code: response.status_code,
    reason: reasonLine(response.status_code, response.reason),
    headers: Object.fromEntries(headers),
  }
}

function reasonLine(status: number | null, phrase: string | null): string | null {
  if (status === null) return null
  if (phrase === null || phrase === '') return String(status)
  return `${status} ${isStandardPhrase(status, phrase) ? phrase.toUpperCase() : phrase}`
}

function userShape(user: UserPart): Json {
  return {
    authenticated: user.authenticated,
    email: user.email ?? '',
    roles: user.roles,
    ip: user.ip,
    provider: { name: user.provider ?? '', realm: user.realm ?? '' },
  }
}

/** The Python middleware passes fields and terms as keyword arguments; any others are kept as they were given. */
function filterShape({ object, kwargs, ...rest }: NonNullable<AuditRecord['filter']>): Json {
  return { object, kwargs: kwargs ?? rest }
}

function titleCase(name: string): string {
  return name.replace(/[^-]+/g, (word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())
}
