import type { Exchange } from './exchange.ts'

/** Runs the rest of an exchange in its scope, so that `audit.current()` finds its logger. */
export function runInScope<Values extends readonly unknown[], Result>(
  exchange: Exchange | undefined,
  rest: (...values: Values) => Result,
  ...values: Values
): Result {
  const scope = exchange?.recorder.scope
  if (scope == null || exchange === undefined || scope.getStore() === exchange) return rest(...values)
  return scope.run(exchange, rest, ...values)
}
