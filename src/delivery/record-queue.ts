import type { SealedRecord } from '../record/sealed-record.ts'
import type { QueueLimits } from '../sinks/sink.ts'

/** What waits for a sink, the batch that it has been given included: never more than the limits allow. */
export class RecordQueue {
  readonly #maxRecords: number
  readonly #maxSize: number
  readonly #dropsOldest: boolean
  #waiting: (SealedRecord | undefined)[] = []
  #head = 0
  #waitingSize = 0
  #batch: readonly SealedRecord[] = []
  #batchSize = 0

  constructor({ overflow = 'drop-newest', maxQueuedRecords = 10_000, maxQueuedBytes = 16 * 1024 * 1024 }: QueueLimits) {
    this.#maxRecords = maxQueuedRecords
    this.#maxSize = maxQueuedBytes
    this.#dropsOldest = overflow === 'drop-oldest'
  }

  get length(): number {
    return this.#waiting.length - this.#head + this.#batch.length
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > this.#head
  }

  /** Records that a sink has been given, or is to be given again. */
  get batch(): readonly SealedRecord[] {
    return this.#batch
  }

  /** False where the record finds no room. */
  push(record: SealedRecord): boolean {
    if (!this.#hasRoomFor(record)) return false
    this.#waiting.push(record)
    this.#waitingSize += record.line.length
    return true
  }

  /** Drops the oldest records until this one has room, where that is the policy; gives their number. */
  makeRoomFor(record: SealedRecord): number {
    let dropped = 0
    while (this.#dropsOldest && this.hasWaiting && !this.#hasRoomFor(record)) {
      this.#dropFirst()
      dropped++
    }
    return dropped
  }

  /** Makes what waits, up to `maxSize` of text but at least one record, the batch. */
  nextBatch(maxSize: number): readonly SealedRecord[] {
    const all = this.#head === 0 && this.#waitingSize <= maxSize
    return all ? this.#takeAll() : this.#takeSome(maxSize)
  }

  /** Lets go of the first `count` records of the batch. */
  release(count: number): void {
    for (let index = 0; index < count; index++) this.#batchSize -= this.#batch[index]?.line.length ?? 0
    this.#batch = count >= this.#batch.length ? [] : this.#batch.slice(count)
  }

  clear(): void {
    this.#takeAll()
    this.#head = 0
    this.release(this.#batch.length)
  }

  #hasRoomFor(record: SealedRecord): boolean {
    return this.length < this.#maxRecords && this.#waitingSize + this.#batchSize + record.line.length <= this.#maxSize
  }

  #takeAll(): readonly SealedRecord[] {
    this.#batch = this.#waiting as readonly SealedRecord[]
    this.#batchSize = this.#waitingSize
    this.#waiting = []
    this.#waitingSize = 0
    return this.#batch
  }

  #takeSome(maxSize: number): readonly SealedRecord[] {
    const batch: SealedRecord[] = []
    let size = 0
    for (let next = this.#waiting[this.#head]; next !== undefined; next = this.#waiting[this.#head]) {
      if (batch.length > 0 && size + next.line.length > maxSize) break
      size += next.line.length
      batch.push(next)
      this.#dropFirst()
    }
    this.#batch = batch
    this.#batchSize = size
    return batch
  }

  #dropFirst(): void {
    this.#waitingSize -= this.#waiting[this.#head]?.line.length ?? 0
    this.#waiting[this.#head++] = undefined
    // Moved up seldom, so that taking from the front costs the same however long the queue is.
    if (this.#head * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
  }
}
