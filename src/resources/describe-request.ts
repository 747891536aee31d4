import { property } from '../lib/property.ts'
import { type Action, actionOf } from './actions.ts'
import type { HandledRequest } from './handled-request.ts'

export interface ResourceOptions {
  /** The route parameter that names one object, and the field of an answer that identifies it. Default: `'id'`. */
  readonly key?: string | undefined
  /** The query parameters that search. Default: all of them. */
  readonly terms?: readonly string[] | undefined
  /** Whether a list's record says which objects were shown. Default: false. */
  readonly listResults?: boolean | undefined
}

/** Says what a request asks of a resource, and, once it is answered, what was done. */
export function describeRequest(name: string, options: ResourceOptions, handled: HandledRequest): void {
  const { key = 'id' } = options
  const { logger, method, params } = handled
  const action = actionOf(name, method, params[key] !== undefined)
  logger.propose({
    filter: { object: name, kwargs: { ...params, ...termsOf(handled, options.terms) } },
    message: action?.asked,
  })
  if (action === undefined) return
  handled.whenAnswered((status, body) => {
    if (status < 400) logger.propose({ message: action.done, results: resultsOf(action, options, params, body) })
  })
}

function termsOf({ query }: HandledRequest, terms: readonly string[] | undefined): Readonly<Record<string, unknown>> {
  if (terms === undefined) return query
  return Object.fromEntries(Object.entries(query).filter(([name]) => terms.includes(name)))
}

function resultsOf(
  { shows }: Action,
  { key = 'id', listResults = false }: ResourceOptions,
  params: Readonly<Record<string, unknown>>,
  body: unknown,
): unknown {
  if (shows === 'object') return keyOf(body, key) ?? (params[key] === undefined ? undefined : { [key]: params[key] })
  if (shows === 'nothing' || !listResults) return undefined
  return listIn(body)?.map((item) => keyOf(item, key) ?? item)
}

/** What identifies an object that was shown. */
function keyOf(object: unknown, key: string): unknown {
  const name = [key, 'id'].find((each) => property(object, each) !== undefined)
  return name === undefined ? undefined : { [name]: property(object, name) }
}

/** A list as it is, or within what tells of its pages. */
function listIn(body: unknown): readonly unknown[] | undefined {
  return [body, ...['results', 'items', 'data'].map((name) => property(body, name))].find(Array.isArray)
}
