import { isDeepStrictEqual } from 'node:util'
import { AuditError } from '../lib/errors.ts'
import type { AuditRecord } from '../record/record.ts'
import type { Sink } from '../sinks/sink.ts'

/** Jest and vitest give up on a test after 5 seconds: what is missing shall be told before. */
export const patienceMs = 2_000

/** A sink that keeps records in memory, for an app's tests. */
export interface MemorySink extends Sink {
  /** What was recorded so far, in order; frozen records. */
  readonly records: readonly AuditRecord[]
  /** Resolves with the records once there are at least so many; rejects after `timeoutMs` (2,000). */
  waitFor(count: number, timeoutMs?: number): Promise<readonly AuditRecord[]>
  /** Forgets what was recorded. */
  clear(): void
}

/**
 * @example
 * const sink = memorySink()
 * app.use(expressAudit({ logHandler: sink }))
 */
export function memorySink(): MemorySink {
  const records: AuditRecord[] = []
  const waiting = new Set<() => void>()
  let closed = false
  return {
    name: 'memory',
    records,
    async write(written, signal) {
      if (closed) throw new AuditError('RECORD_AFTER_CLOSE')
      signal.throwIfAborted()
      records.push(...written)
      for (const look of [...waiting]) look()
    },
    waitFor(count, timeoutMs: number = patienceMs) {
      return new Promise((resolve, reject) => {
        const stop = (): void => {
          waiting.delete(look)
          clearTimeout(timer)
        }
        const look = (): void => {
          if (records.length < count) return
          stop()
          resolve(records)
        }
        const timer = setTimeout(() => {
          stop()
          reject(new Error(`${records.length} of ${count} records came within ${timeoutMs} ms.`))
        }, timeoutMs)
        waiting.add(look)
        look()
      })
    },
    clear() {
      records.length = 0
    },
    async close() {
      closed = true
    },
  }
}

/** Whether a record has everything that the partial one names, at every depth; arrays must be equal. */
export function matches(actual: unknown, partial: unknown): boolean {
  if (partial instanceof RegExp) return typeof actual === 'string' && partial.test(actual)
  if (typeof partial !== 'object' || partial === null || Array.isArray(partial))
    return isDeepStrictEqual(actual, partial)
  if (typeof actual !== 'object' || actual === null) return false
  return Object.entries(partial).every(([name, part]) => matches((actual as Record<string, unknown>)[name], part))
}
