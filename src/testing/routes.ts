import { property } from '../lib/property.ts'
import { expressRoutes } from './express-routes.ts'
import { listOf, methodsOf, type Route } from './route.ts'
import { patternOf } from './route-pattern.ts'

/** The routes of an app of Express, Fastify, Koa (`@koa/router`), Hono or Nest, in the order in which they are asked. */
export function routesOf(app: unknown): readonly Route[] {
  const inner = call(call(app, 'getHttpAdapter'), 'getInstance') ?? app
  const routes = [...expressRoutes(inner), ...fastifyRoutes(inner), ...koaRoutes(inner), ...honoRoutes(inner)]
  return routes.map((route) => ({ ...route, path: route.path.replace(/(?<=.)\/$/, '') }))
}

/** Read from the tree that Fastify prints, as it tells of its routes in no other way once they are there. */
function fastifyRoutes(app: unknown): readonly Route[] {
  const printed = call(app, 'printRoutes')
  if (typeof printed !== 'string') return []
  const branch: string[] = []
  const routes = printed.split('\n').flatMap((line) => {
    const [, indent = '', text = '', methods = ''] =
      /^([│├└─\s]*)(.*?)(?: \(([A-Z, -]+)\))?(?: \{.*\})?$/.exec(line) ?? []
    branch.length = Math.max(0, indent.length / 4 - 1)
    branch.push(text)
    return methods === '' ? [] : methodsOf(methods.split(', ')).map((method) => patterned(method, branch.join('')))
  })
  // Fastify asks what is fixed before parameters, and those before wildcards.
  const rank = ({ path }: Route): string => path.replaceAll(':', '\uFFFE').replaceAll('*', '\uFFFF')
  return routes.sort((one, other) => (rank(one) < rank(other) ? -1 : 1))
}

function koaRoutes(app: unknown): readonly Route[] {
  return listOf(property(app, 'middleware'))
    .flatMap((middleware) => listOf(property(property(middleware, 'router'), 'stack')))
    .flatMap((layer) => {
      const { methods, path } = layer as { readonly methods: readonly string[]; readonly path: string | RegExp }
      const matches = (asked: string): boolean => call(layer, 'match', asked) === true
      return methodsOf(methods).map((method) => ({ method, path: String(path), matches }))
    })
}

function honoRoutes(app: unknown): readonly Route[] {
  const seen = new Set<string>()
  return listOf(property(app, 'routes')).flatMap((route) => {
    const { method, path, handler } = route as { method: string; path: string; handler(...values: unknown[]): unknown }
    const isMiddleware = method === 'ALL' && handler.length > 1
    const name = `${method} ${path}`
    if (isMiddleware || seen.has(name)) return []
    seen.add(name)
    return [patterned(method, path)]
  })
}

function patterned(method: string, path: string): Route {
  const pattern = patternOf(path)
  return { method, path, matches: (asked) => pattern.test(asked) }
}

function call(owner: unknown, name: string, ...values: readonly unknown[]): unknown {
  const method = property(owner, name)
  return typeof method === 'function' ? Reflect.apply(method, owner, values) : undefined
}
