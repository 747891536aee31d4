import type { Logger } from '../record/logger.ts'
import { exchangesOf } from './marks.ts'
import type { Recorder } from './recorder.ts'

/** Gives requests, or a prototype of them, their `auditLog`; an app that sets one of its own has that. */
export function logThrough(requests: object, recorder: Recorder): void {
  Object.defineProperty(requests, 'auditLog', {
    configurable: true,
    get(this: object): Logger {
      return exchangesOf(this)?.logger ?? recorder.silent
    },
    set(this: object, value: unknown) {
      Object.defineProperty(this, 'auditLog', { value, writable: true, enumerable: true, configurable: true })
    },
  })
}
