import type { AuditError } from '../lib/errors.ts'
import type { SealedRecord } from '../record/sealed-record.ts'
import { type Deferred, deferred } from './deferred.ts'
import { outside } from './outside.ts'

/**
 * What a record's way into the trail is: `written` and `durable` are an app's, kept after a failure as long as somebody waits or
 * was told that it is kept; `own` are the trail's, kept whatever happens; `passing` ones are dropped by a failure.
 */
export type Way = 'written' | 'durable' | 'own' | 'passing'

const noHashes = new Uint8Array(0)

/** One record on its way into the trail. */
export interface Entry {
  readonly record: SealedRecord
  readonly way: Way
  /** On an intent, the id of its exchange. */
  readonly exchange: string | undefined
  /** Called when the record is given up. */
  readonly dropped: (() => void) | undefined
}

/** The records that are written with one call, and who waits for them. */
export class Batch {
  /** Repeats what the trail has already: nobody gets it handed over. */
  readonly isRepeat: boolean
  entries: Entry[] = []
  /** The hashes of its lines, 32 bytes each, once it is written and they are made. */
  hashes: Uint8Array = noHashes
  /** UTF-16 units of its lines. */
  units = 0
  #written: Deferred | undefined
  #durable: Deferred | undefined
  #isAcknowledged = false

  constructor(isRepeat = false) {
    this.isRepeat = isRepeat
  }

  /** A batch of one record. */
  static of(record: SealedRecord, way: Way): Batch {
    const batch = new Batch()
    batch.add(record, way)
    return batch
  }

  add(record: SealedRecord, way: Way, exchange?: string, dropped?: () => void): void {
    this.entries.push({ record, way, exchange, dropped })
    this.units += record.line.length
  }

  /** Takes over the records of another batch, for which nobody waits. */
  addAll({ entries, units }: Batch): void {
    this.entries.push(...entries)
    this.units += units
  }

  whenWritten(): Promise<void> {
    this.#written ??= outside(deferred)
    return this.#written.promise
  }

  whenDurable(): Promise<void> {
    this.#durable ??= outside(deferred)
    return this.#durable.promise
  }

  /** Whether somebody waits until it is durable. */
  get isAwaited(): boolean {
    return this.#durable !== undefined
  }

  /** Releases those who wait until it is written; from now on their records are kept. */
  acknowledge(): void {
    this.#isAcknowledged = true
    this.#written?.resolve()
  }

  /** Releases those who wait until it is durable. */
  release(): void {
    this.#durable?.resolve()
    this.#durable = undefined
  }

  /** Tells all who wait that their records are not kept, and drops those. What nobody was promised is dropped as well. */
  fail(error: AuditError): void {
    const [kept, dropped] = [[] as Entry[], [] as Entry[]]
    for (const entry of this.entries) (this.#keeps(entry) ? kept : dropped).push(entry)
    this.entries = kept
    this.units = kept.reduce((sum, { record }) => sum + record.line.length, 0)
    this.hashes = noHashes
    this.reject(error)
    for (const entry of dropped) entry.dropped?.()
  }

  /** Only tells those who wait. */
  reject(error: AuditError): void {
    if (!this.#isAcknowledged) this.#written?.reject(error)
    this.#durable?.reject(error)
    this.#durable = undefined
  }

  #keeps({ way }: Entry): boolean {
    return way === 'own' || (way === 'written' && this.#isAcknowledged)
  }
}
