import type { Format } from '../formats/format.ts'
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
      return this.#sink.writeLinesSync?.(batch.map(this.#format), batch)
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
    if (this.#sink.writeLines !== undefined) return this.#sink.writeLines(batch.map(this.#format), signal, batch)
    const records = batch.map((sealed) => sealed.record)
    return Promise.resolve(this.#sink.write(records, signal)).then((answer) => refusalsIn(answer))
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

function refusalsIn(answer: unknown): Outcome | undefined {
  if (typeof answer !== 'object' || answer === null || !('refused' in answer)) return undefined
  return Array.isArray(answer.refused) && answer.refused.length > 0 ? { refused: answer.refused } : undefined
}
