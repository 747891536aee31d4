import type { AuditRecord } from '../record/record.ts'

/** A record that a sink refused for good. */
export interface Refusal {
  readonly id: string
  readonly reason: string
}

/** Where finished records go. It encodes, sends and reports; it never retries, queues, logs or swallows: delivery does that. */
export interface Sink {
  /** Names the sink in `health()` and in errors. */
  readonly name: string
  /**
   * Resolves when the records are as safe as this sink promises, naming those it refused for good; rejects for what is
   * worth another try, and is then called again with the same records. One call at a time, in order.
   */
  write(
    records: readonly AuditRecord[],
    signal: AbortSignal,
  ): Promise<{ readonly refused: readonly Refusal[] } | undefined | void>
  /**
   * For sinks of text: the same, given lines as `logFormatter` made them, each ending in `\n`. A sink that has it is
   * never given records, which spares it the encoding.
   */
  writeLines?(lines: readonly string[], signal: AbortSignal): Promise<void>
  /** For sinks of text that can: the same at once, when the process is about to exit. Gives the number of lines taken. */
  writeLinesSync?(lines: readonly string[]): number
  /** Resolves when everything that was written has left this process. */
  flush?(): Promise<void>
  /** Opens the destination anew, after it was moved. */
  reopen?(): void
  /** Waits for what is under way and frees everything. A second call is quiet; a later `write` rejects. */
  close(): Promise<void>
}
