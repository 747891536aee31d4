import { property } from '../lib/property.ts'
import { listOf, methodsOf, type Route } from './route.ts'

/** A place in a router of Express, as both versions have it in part. */
interface Layer {
  readonly handle: unknown
  readonly route?: { readonly path: unknown; readonly methods: Readonly<Record<string, boolean>> }
  /** What it was mounted under; not known to all releases of Express 5. */
  readonly rawPath?: unknown
  /** Express 4. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean }
  readonly keys?: readonly { readonly name: string | number }[]
  readonly path?: string
  match(path: string): boolean | { readonly path: string }
}

/** The routes of an Express app, 4 or 5, nested routers included. */
export function expressRoutes(app: unknown): readonly Route[] {
  const router = property(app, '_router') ?? property(app, 'router')
  return routesIn(property(router, 'stack'), '')
}

function routesIn(stack: unknown, prefix: string): readonly Route[] {
  return (listOf(stack) as readonly Layer[]).flatMap((layer) => {
    if (layer.route !== undefined) return routesAt(layer, layer.route, prefix)
    const within = routesIn(property(layer.handle, 'stack'), prefix + mountOf(layer))
    return within.map((route) => ({ ...route, matches: (path) => matchesWithin(layer, route, path) }))
  })
}

function routesAt(layer: Layer, route: NonNullable<Layer['route']>, prefix: string): readonly Route[] {
  const { _all: isAll, ...methods } = route.methods
  const names = isAll === true ? ['ALL'] : methodsOf(Object.keys(methods).map((name) => name.toUpperCase()))
  const path = prefix + String(route.path)
  return names.map((method) => ({ method, path, matches: (asked) => layer.match(asked) !== false }))
}

function matchesWithin(layer: Layer, route: Route, path: string): boolean {
  const match = layer.match(path)
  if (match === false) return false
  const mounted = typeof match === 'object' ? match.path : (layer.path ?? '')
  const rest = path.slice(mounted.length)
  return route.matches(rest.startsWith('/') ? rest : `/${rest}`)
}

/** The path that a router was mounted under, or `…` where Express does not tell. */
function mountOf({ rawPath, regexp, keys = [] }: Layer): string {
  if (typeof rawPath === 'string') return rawPath === '/' ? '' : rawPath.replace(/\/$/, '')
  if (regexp === undefined) return '…'
  if (regexp.fast_slash === true) return ''
  const names = keys.map(({ name }) => `:${name}`)
  const end = '\\/?(?=\\/|$)'
  const { source } = regexp
  if (!source.startsWith('^') || !source.endsWith(end)) return '…'
  return source
    .slice(1, -end.length)
    .replace(/\(\?:\\?\/\(\[\^\\?\/\]\+\?\)\)/g, () => `/${names.shift() ?? '…'}`)
    .replace(/\\(.)/g, '$1')
}
