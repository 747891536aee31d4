import { type Clock, systemClock } from '../lib/clock.ts'
import { type Deadline, deadlinesIn } from './deadlines.ts'

/**
 * How a hold ended: `released` as the response was; `failed-open`, likewise, although its record was not safe; `refused`
 * with a 503 in its place; `cut` off, since parts had gone out; `gone`: the connection closed while it was held.
 */
export type HoldEnd = 'released' | 'failed-open' | 'refused' | 'cut' | 'gone'

export interface HoldOptions {
  /**
   * Called at most once, when the response is complete and only its last part is held: its record can be made. Never
   * called if the response is cut off before. Resolves when the record is safe; anything else is a failure.
   */
  commit(): Promise<void>
  /** What a failed commit leads to: `open` releases the response, `closed` answers 503, or cuts off what had begun. */
  readonly onFailure: 'open' | 'closed'
  /** Milliseconds from `commit` on after which it counts as failed. */
  readonly timeoutMs: number
  /**
   * Told once, after `commit` was called, how the hold ended, after how many milliseconds, whether the response's own head
   * was handed to the connection, and what the commit had failed with by then, if it had; must not throw.
   */
  ended(how: HoldEnd, heldMs: number, headSent: boolean, failure?: unknown): void
  readonly clock?: Clock
}

/**
 * The course of one hold: `open`, everything passes; `gated`, what the response writes is queued; `held`, complete and
 * queued until the record is safe; `over`, everything passes again.
 */
export abstract class HeldResponse {
  protected stage: 'open' | 'gated' | 'held' | 'over' = 'open'
  readonly #options: HoldOptions
  #deadline: Deadline | undefined
  #since = 0

  constructor(options: HoldOptions) {
    this.#options = options
  }

  /** Whether the connection can still carry anything. */
  protected abstract isConnected(): boolean
  /** Whether the head of the response was handed to the connection before the gate closed. */
  protected abstract isHeadSent(): boolean
  /** Lets everything pass again and sends what was queued. */
  protected abstract release(): void
  /** Sends the refusal in place of the response, of which nothing has gone out. */
  protected abstract refuse(): void
  /** Breaks the connection off, so that the client sees an incomplete response. */
  protected abstract cut(): void
  /** Lets everything pass again and gives up what was queued. */
  protected abstract drop(): void

  /** The response is complete: its record can be made. */
  protected complete(): void {
    if (this.stage !== 'gated') return
    this.stage = 'held'
    this.#since = this.#clock.monotonic()
    this.#deadline = deadlinesIn(this.#options.timeoutMs).add(() => this.#settle(false))
    this.#commit().then(
      () => this.#settle(true),
      (error: unknown) => this.#settle(false, error),
    )
  }

  /** The connection has closed. */
  protected gone(): void {
    if (this.stage === 'over') return
    const wasHeld = this.stage === 'held'
    const headSent = this.isHeadSent()
    this.stage = 'over'
    this.drop()
    if (wasHeld) this.#tell('gone', headSent)
  }

  get #clock(): Clock {
    return this.#options.clock ?? systemClock
  }

  #commit(): Promise<void> {
    try {
      return this.#options.commit()
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #settle(isSafe: boolean, failure?: unknown): void {
    if (this.stage !== 'held') return
    if (!this.isConnected()) {
      this.gone()
      return
    }
    this.stage = 'over'
    if (isSafe || this.#options.onFailure === 'open') {
      this.release()
      this.#tell(isSafe ? 'released' : 'failed-open', true, failure)
    } else if (this.isHeadSent()) {
      this.cut()
      this.#tell('cut', true, failure)
    } else {
      this.refuse()
      this.#tell('refused', false, failure)
    }
  }

  #tell(how: HoldEnd, headSent: boolean, failure?: unknown): void {
    this.#deadline?.remove()
    this.#options.ended(how, this.#clock.monotonic() - this.#since, headSent, failure)
  }
}
