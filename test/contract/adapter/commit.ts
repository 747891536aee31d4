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
  /** Lets go of all. */
  release(): void
  /** Lets go of those that need only be written. */
  releaseWritten(): void
  /** Lets go of intents. */
  releaseIntents(): void
  fail(): void
}

/** What has to become of a record. */
type What = 'written' | 'durable' | 'intent'

export function createCommit(): Commit {
  const records: AuditRecord[] = []
  const missed: string[] = []
  const waiting: { readonly what: What; resolve(): void; reject(error: Error): void }[] = []
  const signal = createSignal()
  const released = new Set<What>()
  const commit = ({ record }: SealedRecord, what: What): Promise<void> =>
    new Promise((resolve, reject) => {
      records.push(record)
      waiting.push({ what, resolve, reject })
      if (released.has(what)) resolve()
      signal.notify()
    })
  const release = (...those: readonly What[]): void => {
    for (const what of those) released.add(what)
    for (const { what, resolve } of waiting) if (released.has(what)) resolve()
  }
  return {
    trail: ({ durable }) => ({
      ready: Promise.resolve(),
      async append(record, until) {
        await commit(record, until)
        durable([record])
      },
      async appendIntent(record) {
        await commit(record, 'intent')
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
    release: () => release('written', 'durable', 'intent'),
    releaseWritten: () => release('written'),
    releaseIntents: () => release('intent'),
    fail() {
      for (const { reject } of waiting) reject(new Error('disk full'))
      release('written', 'durable', 'intent')
    },
  }
}
