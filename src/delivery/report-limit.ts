import type { AuditError, ErrorCode } from '../lib/errors.ts'
import { unref } from '../lib/timers.ts'

const quietMs = 1_000

interface Held {
  count: number
  make: (count: number) => AuditError
}

/** Lets one report of each code through a second; what comes in between is counted into the next. */
export class ReportLimit {
  readonly #report: (error: AuditError) => void
  readonly #held = new Map<ErrorCode, Held>()
  #timer: NodeJS.Timeout | undefined

  constructor(report: (error: AuditError) => void) {
    this.#report = report
  }

  say(code: ErrorCode, count: number, make: (count: number) => AuditError): void {
    const held = this.#held.get(code)
    if (held === undefined) {
      this.#held.set(code, { count: 0, make })
      this.#timer ??= unref(setInterval(() => this.#next(), quietMs))
      this.#report(make(count))
    } else {
      held.count += count
      held.make = make
    }
  }

  /** Reports what is held back, and ends. */
  end(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    for (const { count, make } of this.#held.values()) if (count > 0) this.#report(make(count))
    this.#held.clear()
  }

  #next(): void {
    for (const [code, held] of this.#held) {
      if (held.count === 0) {
        this.#held.delete(code)
      } else {
        const { count } = held
        held.count = 0
        this.#report(held.make(count))
      }
    }
    if (this.#held.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }
}
