import { AuditError, type ErrorCode } from '../lib/errors.ts'
import { Retry } from '../lib/retry.ts'
import type { SealedRecord } from '../record/sealed-record.ts'
import { Batch } from './batch.ts'
import { Committer } from './committer.ts'
import type { Disk } from './disk.ts'
import { Intents } from './intents.ts'
import { type Layout, layoutOf } from './layout.ts'
import { Mender } from './mender.ts'
import type { OpenedTrail } from './opening/open-directory.ts'
import type { OwnRecords } from './own-records.ts'
import { Publisher } from './publisher.ts'
import { Reserve } from './reserve.ts'
import { Segment } from './segment.ts'
import { TimeLimit } from './time-limit.ts'
import { trailError } from './trail-failure.ts'

/** Syncs that hang each hold a thread of the four that the process has by default. */
const maxHangingSyncs = 2
/** Between attempts to write again after a failure. */
const longestPauseMs = 5_000

export interface WriterParts {
  readonly disk: Disk
  readonly opened: OpenedTrail
  readonly own: OwnRecords
  readonly syncTimeoutMs: number
  readonly monotonic: () => number
  readonly report: (error: AuditError) => void
  readonly durable: (records: readonly SealedRecord[]) => void
  /** What tells of records that were not kept, if there are any. */
  readonly gap: () => Batch | undefined
  /** The state has changed, or records can be written again. */
  readonly changed: () => void
}

/** Writes to a trail that is open, and gets over whatever fails. */
export class Writer {
  /** Why records are not kept; undefined where they are. */
  error: AuditError | undefined
  /** Why the last checkpoint could not be made. */
  publishError: AuditError | undefined
  readonly publisher: Publisher
  readonly #parts: WriterParts
  readonly #layout: Layout
  readonly #committer: Committer
  readonly #mender: Mender
  readonly #intents = new Intents()
  readonly #reserve: Reserve
  readonly #syncs: TimeLimit
  readonly #steps: TimeLimit
  #mending: Promise<void> | undefined
  #cause: unknown
  readonly #retry = new Retry(() => this.#tryAgain(), longestPauseMs, 'no jitter')
  #isClosing = false
  /** The stop record is under way: nothing comes after it. */
  #isStopping = false

  private constructor(parts: WriterParts, segment: Segment, identity: { dev: number; ino: number }) {
    const { disk, opened, syncTimeoutMs, monotonic, own } = parts
    const { tree, origin, signer, checkpointSize } = opened
    this.#parts = parts
    const layout = layoutOf(opened.directory)
    this.#layout = layout
    this.#syncs = new TimeLimit(syncTimeoutMs)
    this.#steps = new TimeLimit(syncTimeoutMs)
    this.#reserve = new Reserve(disk, layout.reserve, monotonic)
    this.#committer = new Committer(segment, tree.size, this.#syncs, {
      durable: (batches) => this.#durable(batches),
      spoiled: (error) => this.#spoiled(error),
    })
    this.#mender = new Mender({
      disk,
      layout,
      identity,
      committer: this.#committer,
      reserve: this.#reserve,
      limit: this.#steps,
      head: () => this.#intents.head(),
      damage: (damage) => Batch.of(own.seal('damage', damage), 'own'),
    })
    const failed = (error: unknown): void => {
      this.publishError = this.#report('TRAIL_CHECKPOINT_FAILED', error)
    }
    const published = (): void => {
      this.publishError = undefined
      void this.#reserve.fill().catch(() => undefined)
    }
    const found = { disk, layout, origin, signer, tree, checkpointSize }
    this.publisher = new Publisher({ ...found, monotonic, failed, published })
  }

  /** Opens the last segment for writing. Rejects with the system's error. */
  static async open(parts: WriterParts): Promise<Writer> {
    const { disk, opened } = parts
    const layout = layoutOf(opened.directory)
    const identity = await disk.stat(layout.directory)
    if (identity === undefined) {
      throw new AuditError('TRAIL_PATH_CHANGED', { directory: layout.directory, reason: 'the directory is gone' })
    }
    return new Writer(parts, await Segment.open(disk, layout, opened.segment.first), identity)
  }

  /** Whether a batch can be written now; else it waits until `changed` is called. */
  get isReady(): boolean {
    return this.error === undefined && this.#mending === undefined
  }

  get size(): number {
    return this.#committer.size
  }

  get durableSize(): number {
    return this.#committer.durableSize
  }

  /** UTF-16 units of records that are not durable. */
  get units(): number {
    return this.#committer.units
  }

  /** Writes the first records of this writer, makes them durable and publishes them. Rejects where that fails; it is tried again. */
  async start(opening: Batch): Promise<void> {
    await this.#reserve.fill().catch(() => undefined)
    this.#committer.owed.push(opening)
    await this.#mend(undefined)
    if (this.error !== undefined) throw this.error
    await this.publisher.publish()
  }

  /** Writes a batch, or fails it. */
  write(batch: Batch): void {
    if (batch.entries.length === 0) return
    try {
      this.#committer.write(batch)
    } catch (error) {
      this.#committer.owed.push(batch)
      this.#fail('TRAIL_WRITE_FAILED', error)
    }
  }

  /** When all that was written is durable, or failed. */
  async flush(): Promise<void> {
    await this.#mending
    if (this.error === undefined) await this.#committer.whenDurable().catch(() => undefined)
  }

  /** Writes what waits and the last record, makes all durable and publishes it, and lets go of the trail. */
  async close(waiting: Batch, stop: () => Batch): Promise<void> {
    this.#isClosing = true
    this.#retry.stop()
    await this.#mending
    await this.#writeLast(waiting)
    await this.#writeLast(this.#parts.gap())
    this.#isStopping = true
    await this.#writeLast(stop())
    await this.publisher.close()
    await this.#letGo()
  }

  /** Writes a batch and makes all durable, with one more attempt where that fails. */
  async #writeLast(batch: Batch | undefined): Promise<void> {
    if (batch !== undefined && this.error === undefined) this.write(batch)
    else if (this.error !== undefined) batch?.fail(this.error)
    await this.#committer.settle().catch(() => undefined)
    await this.#mending
    if (this.error !== undefined) await this.#mend(this.#cause)
  }

  /** Fails all that waits, and goes on with nothing new. */
  giveUp(error: AuditError): void {
    this.#isClosing = true
    this.#retry.stop()
    this.#committer.failAll(error)
  }

  /** At the end of the process: writes a batch and makes all durable that can be, at once. */
  endSync(batch: Batch): void {
    if (!this.isReady) return
    this.write(batch)
    this.#committer.syncNow()
  }

  async #letGo(): Promise<void> {
    this.#committer.stopTimer()
    // What hangs may still change the directory.
    await Promise.all([this.#syncs.whenIdle(), this.#steps.whenIdle()])
    await this.#mender.close()
    await Promise.allSettled([this.#reserve.close(), this.#committer.segment.close()])
    await this.#parts.opened.lock.release()
  }

  #durable(batches: readonly Batch[]): void {
    for (const batch of batches) this.#intents.follow(batch)
    this.publisher.grow(batches)
    const records = batches.flatMap(({ isRepeat, entries }) => (isRepeat ? [] : entries.map(({ record }) => record)))
    this.#parts.durable(records)
  }

  #spoiled(error: unknown): void {
    // It is being got over, or will be tried again.
    if (this.#mending !== undefined || this.error !== undefined) return
    this.#report('TRAIL_SYNC_FAILED', error)
    // Those who wait go on waiting: a new segment may do.
    void this.#mend(error)
  }

  #mend(cause: unknown): Promise<void> {
    this.#mending ??= this.#mendOnce(cause).finally(() => {
      this.#mending = undefined
      this.#parts.changed()
    })
    return this.#mending
  }

  async #mendOnce(cause: unknown): Promise<void> {
    try {
      const gap = this.error === undefined || this.#isStopping ? undefined : this.#parts.gap()
      if (gap !== undefined) this.#committer.owed.push(gap)
      await this.#mender.mend(cause)
      this.error = undefined
      this.#retry.reset()
    } catch (error) {
      this.#fail(this.#committer.segment.isSpoiled ? 'TRAIL_SYNC_FAILED' : 'TRAIL_WRITE_FAILED', error)
    }
  }

  #fail(code: ErrorCode, cause: unknown): void {
    const before = this.error
    this.#cause = cause
    this.error = trailError(code, this.#layout, cause)
    if (before?.message !== this.error.message) this.#parts.report(this.error)
    this.#committer.failOwed(this.error)
    this.#parts.changed()
    if (!this.#isClosing) this.#retry.later()
  }

  #tryAgain(): void {
    if (this.#syncs.late >= maxHangingSyncs) this.#retry.later()
    else void this.#mend(this.#cause)
  }

  #report(code: ErrorCode, cause: unknown): AuditError {
    const error = trailError(code, this.#layout, cause)
    this.#parts.report(error)
    return error
  }
}
