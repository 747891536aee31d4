import { AsyncResource } from 'node:async_hooks'

const nowhere = new AsyncResource('griffier.trail', { requireManualDestroy: true })

/**
 * Runs a function outside of the request that it is called for. What a trail has under way serves many requests and outlives them: in the scope of
 * one it would keep that one in memory, and run the code of handlers there.
 */
export function outside<Result>(run: () => Result): Result {
  return nowhere.runInAsyncScope(run)
}
