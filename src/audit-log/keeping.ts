import type { Guarantee } from '../exchange/decision.ts'
import { AuditError, safeReasonOf } from '../lib/errors.ts'
import type { SealedRecord } from '../record/sealed-record.ts'
import type { Trail } from '../trail/trail.ts'
import type { Handlers } from './handlers.ts'
import type { Reporter } from './report.ts'

/** What became of records, counted since the start. */
export interface Counters {
  /** Kept, or on their way. */
  recorded: number
  lost: number
  refused: number
}

/** Records that are kept or lost together. */
interface Lot {
  readonly kept: Promise<void>
  records: number
  /** Those whose loss nobody else counts. */
  unwatched: number
}

/** Where records go: to the trail first, if there is one, whence handlers get them; and the count of what became of them. */
export class Keeping {
  readonly counters: Counters = { recorded: 0, lost: 0, refused: 0 }
  readonly #handlers: Handlers
  readonly #report: Reporter
  #trail: Trail | undefined
  #lot: Lot | undefined

  constructor(handlers: Handlers, report: Reporter) {
    this.#handlers = handlers
    this.#report = report
  }

  /** From now on records are kept in a trail. */
  useTrail(trail: Trail): void {
    this.#trail = trail
  }

  keep(record: SealedRecord, guarantee: Guarantee): Promise<void> | undefined {
    this.counters.recorded++
    if (this.#trail === undefined) {
      this.#handlers.push(record)
      return undefined
    }
    const until = guarantee === 'best-effort' || guarantee === 'written' ? 'written' : 'durable'
    const kept = this.#trail.append(record, until)
    const lot = this.#lot?.kept === kept ? this.#lot : this.#begin(kept)
    lot.records++
    if (guarantee !== 'best-effort') return kept
    lot.unwatched++
    return undefined
  }

  keepIntent(intent: SealedRecord, exchange: string): Promise<void> {
    return this.#trail === undefined ? Promise.resolve() : this.#trail.appendIntent(intent, exchange)
  }

  lose(error: unknown): void {
    this.counters.lost++
    this.#miss('lost', error)
  }

  refuse(error: unknown): void {
    this.counters.refused++
    this.#miss('refused', error)
  }

  /** One callback for all of a lot, since a request pays for each. */
  #begin(kept: Promise<void>): Lot {
    const lot = { kept, records: 0, unwatched: 0 }
    this.#lot = lot
    kept.catch((error: unknown) => {
      this.counters.recorded -= lot.records
      for (let left = lot.unwatched; left > 0; left--) this.lose(error)
    })
    return lot
  }

  #miss(what: 'lost' | 'refused', error: unknown): void {
    const reason = safeReasonOf(error)
    this.#trail?.missed(what, reason)
    this.#report(new AuditError('RECORD_NOT_KEPT', { reason }, error))
  }
}
