import type { Formatter } from '../formats/format.ts'
import type { FormatName } from '../formats/formats.ts'
import type { AuditError } from '../lib/errors.ts'
import type { AuditRecord } from '../record/record.ts'
import type { SealedRecord } from '../record/sealed-record.ts'

/** A record that a sink refused for good. */
export interface Refusal {
  readonly id: string
  readonly reason: string
}

/** How many records may wait for a sink, and what happens beyond. */
export interface QueueLimits {
  /** Which records are dropped when the queue is full. Default: `'drop-newest'`. */
  readonly overflow?: 'drop-newest' | 'drop-oldest'
  /** Default: 10,000. */
  readonly maxQueuedRecords?: number
  /** Measured as the length of the records' text. Default: 16 MiB. */
  readonly maxQueuedBytes?: number
}

/** What became of lines, where there is more to say than that all were taken. */
export interface LineAnswer {
  /** How many lines, counted from the first, are dealt with; the others are worth another try. Default: all. */
  readonly taken?: number
  /** How many of those are lost for good. Default: 0. */
  readonly lost?: number
  /** Why. The same object as in an earlier answer is not reported again. */
  readonly error?: AuditError
}

/** Where finished records go. It encodes, sends and reports; it never retries, queues, logs or swallows: delivery does that. */
export interface Sink {
  /** Names the sink in `health()` and in errors. */
  readonly name: string
  /** What its lines look like, where that is not up to `logFormatter`. */
  readonly format?: FormatName | Formatter
  /** What it wishes of its queue. */
  readonly queue?: QueueLimits
  /**
   * Resolves when the records are as safe as this sink promises, naming those it refused for good; rejects for what is
   * worth another try, and is then called again with the same records. One call at a time, in order.
   */
  write(
    records: readonly AuditRecord[],
    signal: AbortSignal,
    // biome-ignore lint/suspicious/noConfusingVoidType: an async function that returns nothing is a fine sink
  ): Promise<{ readonly refused: readonly Refusal[] } | void>
  /**
   * For sinks of text: the same, given lines without their newline and the records they were made of. What it can do at
   * once it answers at once, without a promise. A sink that has it is never given records, which spares it the encoding.
   */
  writeLines?(
    lines: readonly string[],
    signal: AbortSignal,
    records: readonly SealedRecord[],
  ): LineAnswer | undefined | Promise<LineAnswer | undefined>
  /** For sinks of text that can: first ends what is under way, then the same, at once, as the process is about to exit. */
  writeLinesSync?(lines: readonly string[], records: readonly SealedRecord[]): LineAnswer | undefined
  /** Resolves when everything that was written has left this process. */
  flush?(): Promise<void>
  /** Opens the destination anew, after it was moved. */
  reopen?(): void
  /** Waits for what is under way and frees everything. A second call is quiet; a later `write` rejects. */
  close(): Promise<void>
}
