import type { AuditRecord } from '../../../src/record/record.ts'
import type { SealedRecord } from '../../../src/record/sealed-record.ts'
import { createSignal } from '../../support/hold-control.ts'

/** A commit that a test decides on, in place of a trail. */
export interface Commit {
  readonly commit: (record: SealedRecord) => Promise<void>
  /** What was to be kept, whether it could be or not. */
  readonly records: readonly AuditRecord[]
  readonly amendments: () => readonly AuditRecord[]
  /** Resolves once so many records were handed over. */
  asked(count?: number): Promise<void>
  release(): void
  fail(): void
}

export function createCommit(): Commit {
  const records: AuditRecord[] = []
  const waiting: { resolve(): void; reject(error: Error): void }[] = []
  const signal = createSignal()
  let released = false
  return {
    commit: ({ record }) =>
      new Promise((resolve, reject) => {
        records.push(record)
        waiting.push({ resolve, reject })
        if (released) resolve()
        signal.notify()
      }),
    records,
    amendments: () => records.filter(({ kind }) => kind === 'amendment'),
    asked: (count = 1) => signal.until(() => records.length >= count),
    release() {
      released = true
      for (const { resolve } of waiting) resolve()
    },
    fail() {
      released = true
      for (const { reject } of waiting) reject(new Error('disk full'))
    },
  }
}
