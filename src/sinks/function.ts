import { AuditError, safeReasonOf } from '../lib/errors.ts'
import { isThenable } from '../lib/thenable.ts'
import type { AuditRecord } from '../record/record.ts'
import type { SealedRecord } from '../record/sealed-record.ts'
import type { LineAnswer, Sink } from './sink.ts'
import { checkTextSinkOptions, type TextSinkOptions, textSink } from './text-sink.ts'

/** A function as a handler: takes the line as formatted, ending in `\n`, and the native record, frozen. */
export type LineFunction = (line: string, record: AuditRecord) => unknown

/**
 * A function as a sink: called once a record, the next time when what it returned has resolved. A record is safe once it
 * has returned or resolved; where it throws or rejects, the record is lost (`HANDLER_FAILED`): it is not asked again.
 */
export function functionSink(handler: LineFunction, options: TextSinkOptions = {}): Sink {
  checkTextSinkOptions(options)
  const name = options.name ?? (handler.name || 'function')
  const caller = new Caller(handler, name)
  return textSink(
    {
      name,
      writeLines: (lines, _signal, records) => caller.callEach(lines, records),
      writeLinesSync: (lines, records) => caller.callEachNow(lines, records),
      close: async () => undefined,
    },
    options,
  )
}

class Caller {
  readonly #handler: LineFunction
  readonly #name: string
  #lines: readonly string[] = []
  #records: readonly SealedRecord[] = []
  #next = 0
  #lost = 0
  #cause: unknown

  constructor(handler: LineFunction, name: string) {
    this.#handler = handler
    this.#name = name
  }

  /** Goes on at once while the function answers at once; from its first promise on, one after another. */
  callEach(
    lines: readonly string[],
    records: readonly SealedRecord[],
  ): LineAnswer | undefined | Promise<LineAnswer | undefined> {
    this.#begin(lines, records)
    while (this.#next < this.#lines.length) {
      const answer = this.#callNext()
      if (isThenable(answer)) return this.#callRest(answer)
    }
    return this.#answer()
  }

  /** Calls for all that is left without waiting: at exit nothing can be waited for. */
  callEachNow(lines: readonly string[], records: readonly SealedRecord[]): LineAnswer | undefined {
    const remaining = this.#lines.slice(this.#next)
    this.#begin([...remaining, ...lines], [...this.#records.slice(this.#next), ...records])
    while (this.#next < this.#lines.length) {
      const answer = this.#callNext()
      if (isThenable(answer)) void this.#settled(answer)
    }
    return this.#answer()
  }

  #begin(lines: readonly string[], records: readonly SealedRecord[]): void {
    this.#lines = lines
    this.#records = records
    this.#next = 0
  }

  async #callRest(first: unknown): Promise<LineAnswer | undefined> {
    await this.#settled(first)
    while (this.#next < this.#lines.length) {
      const answer = this.#callNext()
      if (isThenable(answer)) await this.#settled(answer)
    }
    return this.#answer()
  }

  #callNext(): unknown {
    const index = this.#next++
    const sealed = this.#records[index]
    try {
      return sealed === undefined ? undefined : this.#handler(`${this.#lines[index]}\n`, sealed.record)
    } catch (error) {
      this.#countLoss(error)
      return undefined
    }
  }

  async #settled(promise: unknown): Promise<void> {
    try {
      await promise
    } catch (error) {
      this.#countLoss(error)
    }
  }

  #countLoss(cause: unknown): void {
    this.#lost++
    this.#cause = cause
  }

  #answer(): LineAnswer | undefined {
    this.#begin([], [])
    if (this.#lost === 0) return undefined
    const lost = this.#lost
    this.#lost = 0
    const values = { handler: this.#name, reason: safeReasonOf(this.#cause) }
    return { lost, error: new AuditError('HANDLER_FAILED', values, this.#cause) }
  }
}
