import { property } from './property.ts'

/** Whether a value is a promise, or works like one. Never throws. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof property(value, 'then') === 'function'
}
