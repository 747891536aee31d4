import { AuditError, type ErrorCode } from '../lib/errors.ts'
import type { Refusal } from '../sinks/sink.ts'
import type { Outcome } from './hand-over.ts'
import { ReportLimit } from './report-limit.ts'

/** How a sink fares. Once it is closed, `delivered + dropped + lost + refused` is the number of records that were pushed. */
export interface DeliveryHealth {
  readonly name: string
  /** Records that wait, those included that the sink has been given and not yet accepted. */
  readonly queued: number
  readonly delivered: number
  /** Found no room, or came after `close`. */
  readonly dropped: number
  /** Given up: a function or stream failed on them, or `close` ran out of time. */
  readonly lost: number
  /** Refused for good by the destination. */
  readonly refused: number
  /** Whether the last write failed or is overdue. */
  readonly failing: boolean
  readonly lastError: ErrorCode | null
}

/** Keeps count of what became of a sink's records, and reports what is amiss. */
export class Tally {
  readonly #name: string
  readonly #reports: ReportLimit
  readonly #queueFull = (count: number): AuditError => new AuditError('QUEUE_FULL', { handler: this.#name, count })
  #delivered = 0
  #dropped = 0
  #lost = 0
  #refused = 0
  #failing = false
  #lastError: AuditError | undefined

  constructor(name: string, report: (error: AuditError) => void) {
    this.#name = name
    this.#reports = new ReportLimit(report)
  }

  /** Counts records that found no room. */
  drop(count: number): void {
    this.#dropped += count
    this.#reports.say('QUEUE_FULL', count, this.#queueFull)
  }

  /** Counts a record that came after the end. */
  dropLate(): void {
    this.#dropped++
  }

  /** Counts the first `taken` records of a batch as the outcome says. */
  settle(taken: number, outcome: Outcome | undefined): void {
    const refused = outcome?.refused ?? []
    const lost = outcome?.lost ?? 0
    this.#lost += lost
    this.#refused += refused.length
    this.#delivered += taken - lost - refused.length
    if (refused.length > 0) this.#reportRefused(refused)
    this.#failing = lost > 0 || outcome?.taken !== undefined
    if (outcome?.error !== undefined) this.note(outcome.error)
  }

  /** Counts what was still queued when there was no more time. */
  giveUp(count: number): void {
    this.#lost += count
    this.note(new AuditError('CLOSE_TIMED_OUT', { handler: this.#name, count }))
  }

  fail(error: AuditError): void {
    this.#failing = true
    this.note(error)
  }

  /** Reports an error, but never the same one twice. */
  note(error: AuditError): void {
    if (error === this.#lastError) return
    this.#lastError = error
    this.#reports.say(error.code, 1, () => error)
  }

  /** Reports what was held back so far. */
  end(): void {
    this.#reports.end()
  }

  health(queued: number): DeliveryHealth {
    return {
      name: this.#name,
      queued,
      delivered: this.#delivered,
      dropped: this.#dropped,
      lost: this.#lost,
      refused: this.#refused,
      failing: this.#failing,
      lastError: this.#lastError?.code ?? null,
    }
  }

  #reportRefused(refused: readonly Refusal[]): void {
    const reason = String(refused[0]?.reason).slice(0, 200)
    this.#reports.say('RECORDS_REFUSED', refused.length, (count) => {
      return new AuditError('RECORDS_REFUSED', { handler: this.#name, count, reason })
    })
  }
}
