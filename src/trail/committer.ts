import type { AuditError } from '../lib/errors.ts'
import type { Batch } from './batch.ts'
import { Encoder } from './encoder.ts'
import type { Segment } from './segment.ts'
import type { TimeLimit } from './time-limit.ts'

/** A line is not left without a sync for more than a second. */
const syncWithinMs = 500
/** Nor is more than this, in UTF-16 units: what is held for long moves to the old objects of the heap, which costs more than a sync. */
const syncFromUnits = 262_144

/** What the committer tells. */
export interface CommitterEvents {
  /** These batches are durable, in the order of the file. */
  durable(batches: readonly Batch[]): void
  /** A sync has failed; what was not durable waits to be written again. */
  spoiled(error: unknown): void
}

/** Writes batches to the segment and makes them durable, one sync at a time. It holds all that is not durable yet. */
export class Committer {
  segment: Segment
  /** The number of durable lines. */
  durableSize: number
  /** The number of lines that are written, durable or not. */
  size: number
  /** Written to the segment, not durable yet, in the order of the file. */
  #written: Batch[] = []
  #writtenUnits = 0
  #isAwaited = false
  /** To be written again, or for the first time, before anything else. */
  owed: Batch[] = []
  readonly #limit: TimeLimit
  readonly #events: CommitterEvents
  readonly #encoder = new Encoder()
  #unhashed: Batch | undefined
  #syncing: Promise<void> | undefined
  /** How many of the batches that are written the sync under way makes durable. */
  #inSync = 0
  #timer: NodeJS.Timeout | undefined
  #error: unknown

  constructor(segment: Segment, size: number, limit: TimeLimit, events: CommitterEvents) {
    this.segment = segment
    this.durableSize = size
    this.size = size
    this.#limit = limit
    this.#events = events
  }

  /** UTF-16 units of all that is held. */
  get units(): number {
    return this.#writtenUnits + unitsOf(this.owed)
  }

  /** Writes a batch. Throws the system's error; the batch is then as if it had never come. */
  write(batch: Batch): void {
    this.#hash()
    this.segment.write(this.#encoder.encode(batch.entries))
    this.#written.push(batch)
    this.#writtenUnits += batch.units
    this.size += batch.entries.length
    this.#isAwaited ||= batch.isAwaited
    this.#unhashed = batch
    batch.acknowledge()
    // After the release: what waits for the record does not wait for its hash.
    setImmediate(() => this.#hash())
    this.syncSoon()
  }

  /** Writes what is owed, unless the segment is not to be trusted. Throws as `write` does; the rest is still owed then. */
  writeOwed(): void {
    if (this.segment.isSpoiled) return
    for (let batch = this.owed[0]; batch !== undefined; batch = this.owed[0]) {
      if (batch.entries.length > 0) this.write(batch)
      this.owed.shift()
    }
  }

  /** Sees to it that what is written is synced: now if somebody waits or it is much, else within a moment. */
  syncSoon(): void {
    const { isSpoiled, isInPlace } = this.segment
    if (this.#syncing !== undefined || this.#written.length === 0 || isSpoiled || !isInPlace) return
    if (this.#isAwaited || this.#writtenUnits > syncFromUnits) void this.#sync()
    else this.#timer ??= setTimeout(() => void this.#sync(), syncWithinMs).unref()
  }

  /** When all that is written is durable. Rejects where a sync fails. */
  async settle(): Promise<void> {
    while (!this.segment.isSpoiled && this.#written.length > 0) await this.#sync()
    if (this.segment.isSpoiled) throw this.#error
  }

  /** When no sync is under way. */
  async whenIdle(): Promise<void> {
    while (this.#syncing !== undefined) await this.#syncing
  }

  /** Trusts the segment no more: what is not durable is owed again. */
  spoil(error: unknown): void {
    this.#error = error
    this.segment.isSpoiled = true
    // The head of the next segment has repeats of its own.
    this.owed = [...this.#written, ...this.owed].filter(({ isRepeat }) => !isRepeat)
    this.#setWritten([])
    this.size = this.durableSize
    this.stopTimer()
  }

  /** Fails what is owed; what must be kept is still owed. */
  failOwed(error: AuditError): void {
    for (const batch of this.owed) batch.fail(error)
    this.owed = this.owed.filter(({ entries }) => entries.length > 0)
  }

  /** The same, and for those who wait for what is written. */
  failAll(error: AuditError): void {
    this.failOwed(error)
    for (const batch of this.#written) batch.reject(error)
  }

  /** Makes durable what is written, without a turn of the event loop. */
  syncNow(): void {
    if (this.segment.isSpoiled || this.#written.length === 0) return
    try {
      this.segment.syncNow()
    } catch {
      // The process ends, and nobody is left to be told.
      return
    }
    // A sync that is under way has nothing left to tell.
    this.#inSync = 0
    this.#becomeDurable(this.#written, [])
  }

  /** When all that is held by now is durable; rejects where records that were waited for are given up. */
  async whenDurable(): Promise<void> {
    const last = this.owed.at(-1) ?? this.#written.at(-1)
    if (last === undefined) return
    const durable = last.whenDurable()
    this.#isAwaited = true
    this.syncSoon()
    await durable
  }

  stopTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #sync(): Promise<void> {
    this.#syncing ??= this.#syncOnce()
    return this.#syncing
  }

  async #syncOnce(): Promise<void> {
    this.stopTimer()
    const { segment } = this
    this.#inSync = this.#written.length
    const synced = await this.#limit.run(() => segment.sync()).catch((error: unknown) => ({ error }))
    this.#syncing = undefined
    if (segment.isSpoiled) {
      // It was given up meanwhile, and its lines are in another one now.
      this.syncSoon()
    } else if (typeof synced === 'number') {
      // At the end of the process another sync may have overtaken it.
      segment.durableBytes = Math.max(segment.durableBytes, synced)
      const count = this.#inSync
      this.#becomeDurable(this.#written.slice(0, count), this.#written.slice(count))
      // Not before what was appended in this turn is written too: fewer syncs, of more records.
      setImmediate(() => this.syncSoon())
    } else {
      this.spoil(synced.error)
      this.#events.spoiled(synced.error)
    }
  }

  #becomeDurable(batches: readonly Batch[], rest: Batch[]): void {
    this.#hash()
    this.#setWritten(rest)
    for (const batch of batches) {
      this.durableSize += batch.entries.length
      batch.release()
    }
    this.#events.durable(batches)
  }

  #setWritten(batches: Batch[]): void {
    this.#written = batches
    this.#writtenUnits = unitsOf(batches)
    this.#isAwaited = batches.some(({ isAwaited }) => isAwaited)
  }

  // The bytes are in the encoder until the next batch comes.
  #hash(): void {
    if (this.#unhashed === undefined) return
    this.#unhashed.hashes = this.#encoder.hashes()
    this.#unhashed = undefined
  }
}

function unitsOf(batches: readonly Batch[]): number {
  return batches.reduce((sum, { units }) => sum + units, 0)
}
