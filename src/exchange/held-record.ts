import { AuditError } from '../lib/errors.ts'
import type { Exchange } from './exchange.ts'
import type { Ending, ResponseHead } from './facts.ts'
import type { HoldEnd } from './held-response.ts'
import { otherEnding } from './other-ending.ts'

/** The record that a response waits for. What the hold came to is counted, and told by an amendment where it must be. */
export class HeldRecord {
  readonly #exchange: Exchange
  #kept: Promise<void> | undefined

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  /** What becomes of the response where its record cannot be kept; one that is a refusal itself goes out. */
  get onFailure(): 'open' | 'closed' {
    return this.#exchange.refused ? 'open' : this.#exchange.decision.onFailure
  }

  get timeoutMs(): number {
    return this.#exchange.recorder.holdTimeoutMs
  }

  /** Makes the record of the response that is complete. Resolves when it is safe. */
  keep(ending: Ending): Promise<void> {
    const { recorder } = this.#exchange
    recorder.holding()
    this.#kept = this.#exchange.end(ending) ?? Promise.resolve()
    return this.#kept
  }

  /** The hold has ended; `sent` is the head of the response where that went out, `failure` why the record was not kept by then. */
  ended(how: HoldEnd, heldMs: number, sent: ResponseHead | undefined, failure?: unknown): void {
    const exchange = this.#exchange
    exchange.recorder.heldFor(heldMs)
    if (how === 'released') return
    this.#count(how, failure)
    // Also where it fails only now: the record of a response that went out in the meantime is lost then, and not before.
    this.#kept?.catch((error) => exchange.lose(error))
    const ending = otherEnding(how, sent)
    if (ending !== undefined) exchange.amend(ending)
  }

  #count(how: HoldEnd, failure: unknown): void {
    const exchange = this.#exchange
    if (how === 'refused' || how === 'cut') exchange.refuse(failure ?? this.#overdue())
    else if (how === 'failed-open' && failure === undefined && !exchange.refused)
      exchange.recorder.report(this.#overdue())
  }

  #overdue(): AuditError {
    return new AuditError('HOLD_TIMED_OUT', { ms: this.timeoutMs })
  }
}
