import { AuditError } from '../lib/errors.ts'
import { within } from '../lib/within.ts'
import type { SealedRecord } from '../record/sealed-record.ts'
import { Batch, type Way } from './batch.ts'
import { deferred } from './deferred.ts'
import { Gap } from './gap.ts'
import type { Lock } from './lock.ts'
import { Opener, type OpenerParts } from './opener.ts'
import { outside } from './outside.ts'
import { OwnRecords } from './own-records.ts'

/** Records that wait in memory, as UTF-16 units; beyond, none are taken. */
const maxUnits = 67_108_864
const gapWithinMs = 1_000

/** What a trail is opened with. */
export interface TrailParts extends OpenerParts {
  /** `heartbeatMs`: after so long without a record a heartbeat is written. */
  readonly settings: OpenerParts['settings'] & { readonly heartbeatMs: number }
}

/** How a trail fares. */
export interface TrailHealth {
  /** The directory that is written to, absolute: a successor's where the one that was set could not be continued. */
  readonly directory: string
  /** `failing`: records are not kept at present; it is tried again, but for a fault of what is there. */
  readonly state: 'opening' | 'ok' | 'failing' | 'closed'
  /** The number of records that are written. */
  readonly size: number
  /** The number of those that are on disk. */
  readonly durableSize: number
  /** The number of those that the newest checkpoint has signed. */
  readonly checkpoint: number
  /** Why it is failing, or why the last checkpoint could not be made; null where all is well. */
  readonly error: string | null
}

/** A trail that is written to. */
export interface Trail {
  /** Settled when the trail is open. Rejects where the first opening failed; the trail may go on trying. Nobody has to handle that. */
  readonly ready: Promise<void>
  /**
   * Keeps a record. The promise is shared by all records of a turn of the event loop; it rejects with an `AuditError` where the record is
   * not kept, which nobody has to handle: at once while the trail is failing, when too much waits, and after `close`.
   */
  append(record: SealedRecord, until: 'written' | 'durable'): Promise<void>
  /** The same for an intent, until it is durable. It is open until a record whose id is `exchange` is kept. */
  appendIntent(record: SealedRecord, exchange: string): Promise<void>
  /** Counts a record that was not kept, for the next gap record. */
  missed(what: 'lost' | 'refused', reason: string): void
  /** `lock` is what keeps other writers out; null where the trail is not open. */
  health(): TrailHealth & { readonly lock: Lock['kind'] | null }
  /** When all that was appended so far is durable and handed over, or failed. Never rejects. */
  flush(): Promise<void>
  /** Writes a stop record, makes all durable, publishes it and releases the lock; gives up what takes longer. Never rejects. */
  close(timeoutMs: number): Promise<void>
  /** At the end of the process: writes and syncs what waits, at once. */
  endSync(): void
}

/** Opens a trail. Never throws: what goes wrong is told by `ready`, `health` and `report`. */
export function openTrail(parts: TrailParts): Trail {
  return new OpenTrail(parts)
}

/** The front of a trail: gathers the records of a turn, and breaks its silence. */
class OpenTrail implements Trail {
  readonly ready: Promise<void>
  readonly #parts: TrailParts
  readonly #own: OwnRecords
  readonly #gap = new Gap()
  readonly #opener: Opener
  #queue = new Batch()
  #isFlushDue = false
  /** Why records are refused; undefined where they are taken. */
  #refusal: AuditError | undefined
  #closing: Promise<void> | undefined
  #isClosed = false
  #wroteAt: number
  #gapTimer: NodeJS.Timeout | undefined
  #heartbeatTimer: NodeJS.Timeout | undefined

  constructor(parts: TrailParts) {
    this.#parts = parts
    this.#own = new OwnRecords(parts)
    this.#wroteAt = parts.clock.monotonic()
    this.#opener = new Opener(parts, this.#own, this.#gap, () => this.#changed())
    this.ready = this.#opener.ready
    this.#heartbeatLater(parts.settings.heartbeatMs)
  }

  append(record: SealedRecord, until: 'written' | 'durable'): Promise<void> {
    const refusal = this.#add(record, until)
    if (refusal !== undefined) return rejected(refusal)
    return until === 'written' ? this.#queue.whenWritten() : this.#queue.whenDurable()
  }

  appendIntent(record: SealedRecord, exchange: string): Promise<void> {
    const refusal = this.#add(record, 'durable', exchange)
    return refusal === undefined ? this.#queue.whenDurable() : rejected(refusal)
  }

  missed(what: 'lost' | 'refused', reason: string): void {
    this.#gap.note(what, reason, this.#parts.clock.now())
    if (this.#closing !== undefined) return
    // While the trail is failing, the gap is told with the first that can be written again.
    this.#gapTimer ??= setTimeout(() => this.#tellGap(), gapWithinMs).unref()
  }

  health(): ReturnType<Trail['health']> {
    const { writer, directory, lock = null } = this.#opener
    const error = this.#isClosed ? undefined : (this.#refusal ?? writer?.publishError)
    return {
      directory,
      state: this.#state(),
      lock: this.#isClosed ? null : lock,
      size: writer?.size ?? 0,
      durableSize: writer?.durableSize ?? 0,
      checkpoint: writer?.publisher.checkpointSize ?? 0,
      error: error?.message ?? null,
    }
  }

  async flush(): Promise<void> {
    await this.#opener.whenIdle()
    this.#tellGap()
    this.#flush()
    await this.#opener.writer?.flush()
    // What came while a failure was got over.
    this.#flush()
    await this.#opener.writer?.flush()
  }

  close(timeoutMs: number): Promise<void> {
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  endSync(): void {
    const { writer } = this.#opener
    if (this.#isClosed || writer?.isReady !== true) return
    const gap = this.#own.gap(this.#gap)
    if (gap !== undefined) this.#queue.addAll(gap)
    writer.endSync(this.#takeQueue())
  }

  #state(): TrailHealth['state'] {
    if (this.#isClosed) return 'closed'
    if (this.#refusal !== undefined && this.#closing === undefined) return 'failing'
    return this.#opener.writer === undefined ? 'opening' : 'ok'
  }

  /** Takes a record into the queue; gives the reason where it cannot. */
  #add(record: SealedRecord, way: Way, exchange?: string): AuditError | undefined {
    if (this.#refusal !== undefined) return this.#refusal
    const units = this.#queue.units + (this.#opener.writer?.units ?? 0)
    if (units + record.line.length > maxUnits) return this.#error('TRAIL_FULL', { mib: maxUnits / 2 ** 20 })
    this.#queue.add(record, way, exchange)
    this.#flushSoon()
    return undefined
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    outside(() => setImmediate(() => this.#flush()))
  }

  /** Writes what is in the queue, where that is possible now. */
  #flush(): void {
    this.#isFlushDue = false
    const { writer } = this.#opener
    if (writer?.isReady !== true || this.#queue.entries.length === 0) return
    this.#wroteAt = this.#parts.clock.monotonic()
    writer.write(this.#takeQueue())
  }

  #takeQueue(): Batch {
    const batch = this.#queue
    this.#queue = new Batch()
    return batch
  }

  /** The trail is open, could not be opened, fails, or has got over it. */
  #changed(): void {
    if (this.#closing !== undefined) return
    const { writer, error } = this.#opener
    this.#refusal = writer === undefined ? error : writer.error
    if (this.#refusal === undefined) {
      this.#tellGap()
      this.#flush()
    } else this.#takeQueue().fail(this.#refusal)
  }

  #tellGap(): void {
    clearTimeout(this.#gapTimer)
    this.#gapTimer = undefined
    if (this.#opener.writer?.isReady !== true || this.#closing !== undefined) return
    const gap = this.#own.gap(this.#gap)
    if (gap === undefined) return
    this.#queue.addAll(gap)
    this.#flushSoon()
  }

  #heartbeatLater(wait: number): void {
    const { clock, settings } = this.#parts
    const { heartbeatMs } = settings
    this.#heartbeatTimer = setTimeout(() => {
      const silence = clock.monotonic() - this.#wroteAt
      const isDue = silence >= heartbeatMs && this.#opener.writer?.isReady === true
      if (isDue) {
        this.#queue.addAll(this.#own.counters('heartbeat'))
        this.#flush()
      }
      this.#heartbeatLater(silence >= heartbeatMs ? heartbeatMs : heartbeatMs - silence)
    }, wait).unref()
  }

  async #close(timeoutMs: number): Promise<void> {
    const inTime = await within(this.#finish(), timeoutMs)
    this.#isClosed = true
    if (inTime) return
    const error = this.#error('TRAIL_CLOSED')
    this.#takeQueue().fail(error)
    this.#opener.writer?.giveUp(error)
  }

  async #finish(): Promise<void> {
    this.#refusal = this.#error('TRAIL_CLOSED')
    this.#opener.stop()
    clearTimeout(this.#gapTimer)
    clearTimeout(this.#heartbeatTimer)
    await this.#opener.whenIdle()
    const queue = this.#takeQueue()
    const { writer } = this.#opener
    if (writer === undefined) queue.fail(this.#refusal)
    else await writer.close(queue, () => this.#own.counters('stop'))
  }

  #error(code: AuditError['code'], values: object = {}): AuditError {
    return new AuditError(code, { directory: this.#opener.directory, ...values })
  }
}

/** A rejection that nobody has to handle. */
function rejected(error: AuditError): Promise<void> {
  const { promise, reject } = deferred()
  reject(error)
  return promise
}
