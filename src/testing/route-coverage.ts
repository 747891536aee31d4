import type { AuditRecord } from '../record/record.ts'
import type { MemorySink } from './memory-sink.ts'
import type { Route } from './route.ts'
import { routesOf } from './routes.ts'

/** Routes that are as they should be, by their name: `GET /health`. */
export interface CoverageExceptions {
  /** Routes that may leave no record. */
  readonly unrecorded?: readonly string[] | undefined
  /** Routes that may be asked by nobody in particular. */
  readonly anonymous?: readonly string[] | undefined
}

/** What the records say of an app's routes; each is named as `GET /bicycles/:id`, where `ALL` is every method. */
export interface RouteCoverage {
  readonly routes: readonly string[]
  /** Routes that left no record. */
  readonly missing: readonly string[]
  /** Routes whose records all lack an authenticated user. */
  readonly anonymous: readonly string[]
  /** Throws where a route is missing or anonymous, and names them all. */
  assert(): void
}

/**
 * Compares the routes of an app with the records that its tests left: call it when they have run. It knows apps of
 * Express 4 and 5, Fastify, Koa with `@koa/router`, Hono, and Nest on Express or Fastify. A record counts for the first
 * route that its method and path match.
 *
 * @throws Error where the app has no routes, or an exception names none of them.
 *
 * @example
 * after(() => routeCoverage(app, sink, { anonymous: ['POST /login'] }).assert())
 */
export function routeCoverage(
  app: unknown,
  sink: Pick<MemorySink, 'records'>,
  exceptions: CoverageExceptions = {},
): RouteCoverage {
  const routes = routesOf(app)
  if (routes.length === 0)
    throw new Error('The app has no routes that could be read. Give the app itself, once it is ready.')
  const names = [...new Set(routes.map(nameOf))]
  const { unrecorded = [], anonymous = [] } = exceptions
  const unknown = [...unrecorded, ...anonymous].filter((name) => !names.includes(name))
  if (unknown.length > 0) throw new Error(`No route is called ${unknown.join(', ')}. There are: ${names.join(', ')}`)

  const recorded = new Set<string>()
  const identified = new Set<string>()
  for (const record of sink.records) {
    const route = routeOf(record, routes)
    if (route === undefined) continue
    recorded.add(nameOf(route))
    if (record.user?.authenticated === true) identified.add(nameOf(route))
  }
  const missing = names.filter((name) => !recorded.has(name) && !unrecorded.includes(name))
  const nameless = names.filter((name) => recorded.has(name) && !identified.has(name) && !anonymous.includes(name))
  return {
    routes: names,
    missing,
    anonymous: nameless,
    assert() {
      const faults = [
        ...(missing.length === 0 ? [] : [`Routes that left no record: ${missing.join(', ')}.`]),
        ...(nameless.length === 0 ? [] : [`Routes whose records have no user: ${nameless.join(', ')}.`]),
      ]
      if (faults.length > 0) throw new Error(faults.join(' '))
    },
  }
}

function nameOf({ method, path }: Route): string {
  return `${method} ${path}`
}

function routeOf({ http_request: request }: AuditRecord, routes: readonly Route[]): Route | undefined {
  const method = request?.method
  const path = /^(?:[a-z]+:\/\/[^/?#]*)?([^?#]*)/.exec(request?.url ?? '')?.[1]
  if (method === null || method === undefined || path === undefined) return undefined
  const at = (asked: string): Route | undefined =>
    routes.find((route) => (route.method === asked || route.method === 'ALL') && route.matches(path || '/'))
  return at(method) ?? (method === 'HEAD' ? at('GET') : undefined)
}
