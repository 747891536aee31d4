import { formatFrom } from '../formats/formats.ts'
import { Retry } from '../lib/retry.ts'
import { soon } from '../lib/timers.ts'
import { within } from '../lib/within.ts'
import type { SealedRecord } from '../record/sealed-record.ts'
import type { Sink } from '../sinks/sink.ts'
import type { DeliveryOptions } from './delivery-options.ts'
import type { Drainable } from './drain-at-exit.ts'
import { HandOver, type Outcome } from './hand-over.ts'
import { RecordQueue } from './record-queue.ts'
import { type DeliveryHealth, Tally } from './tally.ts'

// Bounds how long one write may keep the event loop.
const maxBatchSize = 1024 * 1024
const longestBackOffMs = 30_000
const shortestSinkCloseMs = 1_000
const lookAgainMs = 10

/** The way of records to one sink: a bounded queue, one write at a time, tried again until it works. */
export interface Delivery extends Drainable {
  readonly name: string
  /** Never waits, never throws. False where the record was dropped. */
  push(record: SealedRecord): boolean
  /** Resolves when everything pushed so far has been accepted or given up. */
  flush(): Promise<void>
  /** Flushes for at most so many milliseconds, gives up what is left and closes the sink. A second call joins the first. */
  close(limitMs: number): Promise<void>
  /** Opens the sink's destination anew, where it has that. */
  reopen(): void
  health(): DeliveryHealth
}

/** Begins delivery to a sink. */
export function deliverTo(sink: Sink, options: DeliveryOptions): Delivery {
  return new SinkDelivery(sink, options)
}

interface Waiter {
  readonly target: number
  readonly resolve: () => void
}

class SinkDelivery implements Delivery {
  readonly name: string
  readonly #sink: Sink
  readonly #queue: RecordQueue
  readonly #tally: Tally
  readonly #handOver: HandOver
  readonly #writesInFlush: boolean
  readonly #writeLimitMs: number
  readonly #writeNext = (): void => void this.#write()
  readonly #retry = new Retry(this.#writeNext, longestBackOffMs, 'full jitter')
  #phase: 'idle' | 'scheduled' | 'writing' | 'backing-off' | 'closed' = 'idle'
  #turn = 0
  #writingSince = 0
  #retryAt = 0
  /** How many flush and write. */
  #flushing = 0
  #entered = 0
  #left = 0
  #waiters: Waiter[] = []
  #closing: Promise<void> | undefined

  constructor(sink: Sink, options: DeliveryOptions) {
    const { name, format } = sink
    const tally = new Tally(name, options.report)
    const ownFormat = format === undefined ? options.format : formatFrom(format, name, (error) => tally.note(error))
    this.name = name
    this.#sink = sink
    this.#tally = tally
    this.#queue = new RecordQueue({ ...options.queue, ...sink.queue })
    this.#writesInFlush = options.writesInFlush === true
    this.#writeLimitMs = options.writeLimitMs ?? 30_000
    this.#handOver = new HandOver(sink, ownFormat, this.#writeLimitMs, (error) => tally.fail(error))
  }

  push(record: SealedRecord): boolean {
    if (this.#closing !== undefined) {
      this.#tally.dropLate()
      return false
    }
    if (!this.#queue.push(record) && !this.#pushFull(record)) return false
    this.#entered++
    if (this.#phase === 'idle') this.#schedule()
    return true
  }

  async flush(): Promise<void> {
    await (this.#writesInFlush ? this.#writeAll() : this.#allLeft())
    try {
      await this.#sink.flush?.()
    } catch (error) {
      this.#tally.fail(this.#handOver.failure(error).error)
    }
  }

  hasQueued(): boolean {
    return this.#queue.length > 0
  }

  drainSync(): void {
    if (this.#sink.writeLinesSync === undefined || this.#phase === 'closed') return
    this.#retry.stop()
    // What the sink is still at it ends itself; it counts as delivered, as nobody is left to hear otherwise.
    if (this.#phase === 'writing') this.#settle(undefined)
    this.#phase = 'idle'
    this.#turn++
    do {
      const batch = this.#queue.batch.length > 0 ? this.#queue.batch : this.#queue.nextBatch(maxBatchSize)
      this.#settle(this.#handOver.writeSync(batch))
    } while (this.#queue.hasWaiting && this.#queue.batch.length === 0)
  }

  close(limitMs: number): Promise<void> {
    this.#closing ??= this.#close(limitMs)
    return this.#closing
  }

  reopen(): void {
    this.#sink.reopen?.()
  }

  health(): DeliveryHealth {
    return this.#tally.health(this.#queue.length)
  }

  #pushFull(record: SealedRecord): boolean {
    const dropped = this.#queue.makeRoomFor(record)
    this.#left += dropped
    const kept = this.#queue.push(record)
    this.#tally.drop(kept ? dropped : dropped + 1)
    this.#wakeWaiters()
    return kept
  }

  /** One turn of the event loop's records go out together. */
  #schedule(): void {
    this.#phase = 'scheduled'
    if (this.#flushing === 0) soon(this.#writeNext)
  }

  #write(): Promise<void> | undefined {
    if (this.#phase !== 'scheduled' && this.#phase !== 'backing-off') return undefined
    const batch = this.#queue.batch.length > 0 ? this.#queue.batch : this.#queue.nextBatch(maxBatchSize)
    const turn = ++this.#turn
    this.#phase = 'writing'
    this.#writingSince = performance.now()
    const outcome = this.#handOver.write(batch)
    if (outcome instanceof Promise) return outcome.then((late) => this.#goOn(late, turn))
    this.#goOn(outcome, turn)
    return undefined
  }

  #goOn(outcome: Outcome | undefined, turn: number): void {
    // An answer that comes when the batch was given up already changes nothing any more.
    if (turn !== this.#turn) return
    this.#settle(outcome)
    if (this.#queue.batch.length > 0) this.#tryLater()
    else if (this.#queue.hasWaiting) this.#schedule()
    else this.#phase = 'idle'
  }

  #settle(outcome: Outcome | undefined): void {
    const size = this.#queue.batch.length
    const taken = Math.min(outcome?.taken ?? size, size)
    this.#tally.settle(taken, outcome)
    this.#queue.release(taken)
    this.#left += taken
    if (taken > 0) this.#retry.reset()
    this.#wakeWaiters()
  }

  #tryLater(): void {
    this.#phase = 'backing-off'
    this.#retryAt = performance.now() + this.#retry.later()
  }

  async #allLeft(): Promise<void> {
    const target = this.#entered
    while (this.#left < target) {
      if (this.#phase === 'backing-off') {
        this.#retry.stop()
        this.#retry.reset()
        void this.#write()
      }
      if (this.#left < target) await new Promise<void>((resolve) => this.#waiters.push({ target, resolve }))
    }
  }

  async #writeAll(): Promise<void> {
    const target = this.#entered
    this.#flushing++
    while (this.#left < target && this.#phase !== 'closed') {
      if (this.#mayWrite()) await this.#write()
      if (this.#left < target) await new Promise<void>((resolve) => setTimeout(resolve, lookAgainMs))
    }
    this.#flushing--
    if (this.#flushing === 0 && this.#phase === 'scheduled') this.#schedule()
  }

  /** Whether nobody else writes, also where somebody did and ended without an answer, and a failed write is old enough. */
  #mayWrite(): boolean {
    const now = performance.now()
    if (this.#phase === 'writing' && now - this.#writingSince > this.#writeLimitMs) {
      this.#turn++
      this.#phase = 'scheduled'
    }
    return this.#phase === 'scheduled' || (this.#phase === 'backing-off' && now >= this.#retryAt)
  }

  #wakeWaiters(): void {
    if (this.#waiters.length === 0) return
    const ready = this.#waiters.filter(({ target }) => target <= this.#left)
    this.#waiters = this.#waiters.filter(({ target }) => target > this.#left)
    for (const { resolve } of ready) resolve()
  }

  async #close(limitMs: number): Promise<void> {
    const start = performance.now()
    await within(this.flush(), limitMs)
    this.#turn++
    this.#phase = 'closed'
    this.#retry.stop()
    this.#handOver.abort()
    if (this.#queue.length > 0) this.#giveUp()
    const left = limitMs - (performance.now() - start)
    try {
      await within(this.#sink.close(), Math.max(left, shortestSinkCloseMs))
    } catch (error) {
      this.#tally.fail(this.#handOver.failure(error).error)
    }
    this.#tally.end()
  }

  #giveUp(): void {
    this.#tally.giveUp(this.#queue.length)
    this.#queue.clear()
    this.#left = this.#entered
    this.#wakeWaiters()
  }
}
