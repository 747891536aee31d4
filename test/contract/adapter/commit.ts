import type { AuditRecord } from '../../../src/record/record.ts'
import type { SealedRecord } from '../../../src/record/sealed-record.ts'
import type { Trail, TrailParts } from '../../../src/trail/trail.ts'
import { createSignal } from '../../support/hold-control.ts'

/** A trail of which a test decides what it keeps. */
export interface Commit {
  readonly trail: (parts: TrailParts) => Trail
  /** What the trail was told of records that it did not keep. */
  readonly missed: readonly string[]
  /** What was to be kept, whether it could be or not. */
  readonly records: readonly AuditRecord[]
  readonly amendments: () => readonly AuditRecord[]
  /** The records of exchanges. */
  readonly exchanges: () => readonly AuditRecord[]
  /** Resolves once so many records were handed over. */
  asked(count?: number): Promise<void>
  release(): void
  fail(): void
}

export function createCommit(): Commit {
  const records: AuditRecord[] = []
  const missed: string[] = []
  const waiting: { resolve(): void; reject(error: Error): void }[] = []
  const signal = createSignal()
  let released = false
  const commit = ({ record }: SealedRecord): Promise<void> =>
    new Promise((resolve, reject) => {
      records.push(record)
      waiting.push({ resolve, reject })
      if (released) resolve()
      signal.notify()
    })
  return {
    trail: ({ durable }) => ({
      ready: Promise.resolve(),
      async append(record) {
        await commit(record)
        durable([record])
      },
      async appendIntent(record) {
        await commit(record)
        durable([record])
      },
      missed: (what, reason) => void missed.push(`${what}: ${reason}`),
      health: () => ({
        directory: '',
        state: 'ok',
        lock: 'flock',
        size: 0,
        durableSize: 0,
        checkpoint: 0,
        error: null,
      }),
      flush: () => Promise.resolve(),
      close: () => Promise.resolve(),
      endSync: () => undefined,
    }),
    records,
    missed,
    amendments: () => records.filter(({ kind }) => kind === 'amendment'),
    exchanges: () => records.filter(({ kind }) => kind === undefined),
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
