import type { Format } from '../formats/format.ts'
import { formatAll } from '../formats/format-all.ts'
import { AuditError, safeReasonOf } from '../lib/errors.ts'
import { unref } from '../lib/timers.ts'
import type { SealedRecord } from '../record/sealed-record.ts'
import type { LineAnswer, Refusal, Sink } from '../sinks/sink.ts'

/** What became of a batch, where there is more to say than that all was taken. */
export interface Outcome extends LineAnswer {
  readonly refused?: readonly Refusal[]
}

/** Gives batches to a sink as it likes them, with a signal and a time limit; tells what became of them and never throws. */
export class HandOver {
  readonly #sink: Sink
  readonly #format: Format
  readonly #limitMs: number
  readonly #onOverdue: (error: AuditError) => void
  #controller: AbortController | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(sink: Sink, format: Format, limitMs: number, onOverdue: (error: AuditError) => void) {
    this.#sink = sink
    this.#format = format
    this.#limitMs = limitMs
    this.#onOverdue = onOverdue
  }

  /** A promise only where the sink did not answer at once. */
  write(batch: readonly SealedRecord[]): Outcome | undefined | Promise<Outcome | undefined> {
    // Made when it is needed: on Workers one may only be used by the request in which it was made.
    this.#controller ??= new AbortController()
    try {
      const answer = this.#call(batch, this.#controller.signal)
      return answer instanceof Promise ? this.#await(answer, this.#controller) : answer
    } catch (error) {
      return this.failure(error)
    }
  }

  /** Undefined where the sink has no way to do so at once. */
  writeSync(batch: readonly SealedRecord[]): Outcome | undefined {
    try {
      const { writeLinesSync } = this.#sink
      if (writeLinesSync === undefined) return undefined
      const { lines, records } = formatAll(this.#format, batch)
      if (lines.length === 0) return undefined
      return ofBatch(writeLinesSync.call(this.#sink, lines, records), records, batch)
    } catch (error) {
      return this.failure(error)
    }
  }

  /** Tells the sink to give up what it is at. */
  abort(): void {
    clearTimeout(this.#timer)
    this.#controller?.abort()
  }

  failure(cause: unknown): Outcome & { readonly error: AuditError } {
    if (cause instanceof AuditError) return { taken: 0, error: cause }
    const values = { handler: this.#sink.name, reason: safeReasonOf(cause) }
    return { taken: 0, error: new AuditError('HANDLER_FAILED', values, cause) }
  }

  #call(batch: readonly SealedRecord[], signal: AbortSignal): Outcome | undefined | Promise<Outcome | undefined> {
    if (this.#sink.writeLines === undefined) {
      const records = batch.map((sealed) => sealed.record)
      return Promise.resolve(this.#sink.write(records, signal)).then((answer) => refusalsIn(answer))
    }
    const { lines, records } = formatAll(this.#format, batch)
    if (lines.length === 0) return undefined
    const answer = this.#sink.writeLines(lines, signal, records)
    return answer instanceof Promise
      ? answer.then((late) => ofBatch(late, records, batch))
      : ofBatch(answer, records, batch)
  }

  async #await(answer: Promise<Outcome | undefined>, controller: AbortController): Promise<Outcome | undefined> {
    this.#timer = unref(
      setTimeout(() => {
        const error = new AuditError('HANDLER_TIMED_OUT', { handler: this.#sink.name, ms: this.#limitMs })
        this.#onOverdue(error)
        controller.abort(error)
      }, this.#limitMs),
    )
    try {
      return await answer
    } catch (error) {
      return this.failure(error)
    } finally {
      clearTimeout(this.#timer)
      // A signal that somebody may still hold is not used again; one that nobody does is, as making it costs more than a write.
      this.#controller = undefined
    }
  }
}

/** What became of some of a batch, as what became of the batch: the others are dealt with by being passed over. */
function ofBatch(
  answer: Outcome | undefined,
  records: readonly SealedRecord[],
  batch: readonly SealedRecord[],
): Outcome | undefined {
  if (records === batch || answer?.taken === undefined) return answer
  const next = records[answer.taken]
  return { ...answer, taken: next === undefined ? batch.length : batch.indexOf(next) }
}

function refusalsIn(answer: unknown): Outcome | undefined {
  if (typeof answer !== 'object' || answer === null || !('refused' in answer)) return undefined
  return Array.isArray(answer.refused) && answer.refused.length > 0 ? { refused: answer.refused } : undefined
}
