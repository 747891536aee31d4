import { describeRequest, type ResourceOptions } from './describe-request.ts'
import { readHandled } from './handled-request.ts'

export type { ResourceOptions }

/** Any handler of a framework. */
type Handler = (...values: never[]) => unknown

/**
 * Lets the record of a resource's request say by itself what was done: `Retrieve Bicycle`, `List Bicycle`,
 * `Created Bicycle object`, `Update of Bicycle`, `Partial update of Bicycle` or `Destroy Bicycle`, with route parameters
 * and search terms as `filter` and the keys of what was shown as `results`. What the handler says itself goes before it.
 * For handlers of Express, Fastify, Koa, Hono and node:http; what a handler does is left as it is.
 *
 * @example
 * app.get('/bicycles/:id', auditResource('Bicycle')((req, res) => res.json(find(req.params.id))))
 */
export function auditResource(
  name: string,
  options: ResourceOptions = {},
): <Wrapped extends Handler>(handler: Wrapped) => Wrapped {
  return <Wrapped extends Handler>(handler: Wrapped): Wrapped => {
    const audited = function (this: unknown, ...values: unknown[]): unknown {
      const handled = readHandled(values)
      if (handled === undefined) return Reflect.apply(handler, this, values)
      describeRequest(name, options, handled)
      const result: unknown = Reflect.apply(handler, this, values)
      if (handled.returned !== undefined) tellOf(result, handled.returned)
      return result
    }
    // Express tells handlers of errors from others by their length, Hono middleware from handlers.
    Object.defineProperties(audited, {
      length: { value: handler.length, configurable: true },
      name: { value: handler.name, configurable: true },
    })
    return audited as unknown as Wrapped
  }
}

function tellOf(result: unknown, returned: (result: unknown) => void): void {
  if (result instanceof Promise) result.then(returned, () => undefined)
  else returned(result)
}
