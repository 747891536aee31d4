import type { AsyncLocalStorage } from 'node:async_hooks'
import type { Drainable } from '../delivery/drain-at-exit.ts'
import type { HoldEnd } from '../exchange/hold.ts'
import type { OpenExchanges } from '../exchange/open-exchanges.ts'
import { PlainLogger } from '../exchange/plain-logger.ts'
import type { OpenExchange, Recorder } from '../exchange/recorder.ts'
import { SilentLogger } from '../exchange/silent-logger.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import { AuditError, safeReasonOf } from '../lib/errors.ts'
import { uuidv7 } from '../lib/uuid.ts'
import type { Logger } from '../record/logger.ts'
import type { SealedRecord } from '../record/sealed-record.ts'
import type { AuditLog, Health } from './audit-log.ts'
import type { Handlers } from './handlers.ts'
import { createPolicy, type Explanation, type Policy, type Question } from './policy.ts'
import { createRecorder } from './recorder.ts'
import type { Reporter } from './report.ts'
import type { ResolvedSettings } from './resolved-settings.ts'

/** Of the time that `close()` has, the part that requests still under way get to end by themselves. */
const SHARE_FOR_OPEN_EXCHANGES = 0.2
/** Of what is left, the part for users that are still being looked up. */
const SHARE_FOR_LAST_USERS = 0.5

/** Parts that an app's own tests may replace. */
export interface Parts {
  readonly clock?: Clock
  /** The id of the next record, given the time in milliseconds. */
  readonly ids?: (time: number) => string
}

/** Parts that only the tests of this package replace. */
export interface InnerParts extends Parts {
  /** Stands in for a trail: responses are held until it resolves. */
  readonly commit?: (record: SealedRecord) => Promise<void>
}

/** What an audit log is given by the place where it runs. */
export interface Wiring extends InnerParts {
  readonly report: Reporter
  readonly handlers: Handlers
  /** Carries the current exchange; null where `context` is false, or nothing can carry it. */
  readonly scope: AsyncLocalStorage<OpenExchange> | null
  /** Sees to it that a process that ends leaves the records of all that happened in it. Gives the ways to stop that. */
  watch?(drainable: Drainable, close: () => Promise<void>): readonly (() => void)[]
}

/** An audit log that is open, with what the frameworks' doors need of it. */
export class OpenAuditLog implements AuditLog {
  readonly ready: Promise<void> = Promise.resolve()
  readonly recorder: Recorder
  readonly #settings: ResolvedSettings
  readonly #handlers: Handlers
  readonly #report: Reporter
  readonly #commit: InnerParts['commit']
  readonly #policy: Policy
  readonly #outside: Logger
  readonly #counters = { recorded: 0, lost: 0, refused: 0, afterClose: 0 }
  readonly #lateRequests = new WeakSet<object>()
  #held = 0
  #longestHoldMs = 0
  readonly #watching: readonly (() => void)[]
  #state: 'open' | 'closing' | 'closed' = 'open'
  #closing: Promise<void> | undefined

  constructor(settings: ResolvedSettings, wiring: Wiring) {
    this.#settings = settings
    this.#commit = wiring.commit
    this.#report = wiring.report
    this.#handlers = wiring.handlers
    this.#policy = createPolicy(settings)
    this.recorder = createRecorder(settings, {
      policy: this.#policy,
      clock: wiring.clock ?? systemClock,
      newId: wiring.ids ?? uuidv7,
      scope: wiring.scope,
      held: wiring.commit !== undefined,
      admitsMore: (request) => this.#admitsMore(request),
      keep: (record) => this.#keep(record),
      lose: (error) => this.#lose(error),
      holding: (change) => {
        this.#held += change
      },
      heldFor: (ms, end) => this.#heldFor(ms, end),
      report: this.#report,
    })
    this.#watching = wiring.watch?.(this.#drainable(), () => this.close()) ?? []
    const { redactor, reportOnce } = this.recorder
    this.#outside = new SilentLogger(redactor, () => reportOnce(new AuditError('NO_EXCHANGE')))
  }

  logger(): Logger {
    return this.#settings.enabled ? new PlainLogger(this.recorder) : this.recorder.silent
  }

  current(): Logger {
    return this.recorder.scope?.getStore()?.logger ?? this.#outside
  }

  async flush(): Promise<void> {
    await this.#handlers.flush()
  }

  reopen(): void {
    this.#handlers.reopen()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  explain(question: Question): Explanation {
    return this.#policy.explain(question)
  }

  health(): Health {
    const { guarantee, onFailure } = this.#settings
    const sinks = this.#handlers.health()
    const sum = (counter: 'dropped' | 'lost'): number => sinks.reduce((total, sink) => total + sink[counter], 0)
    const { recorded, lost, refused, afterClose } = this.#counters
    return {
      guarantee,
      onFailure,
      lock: null,
      held: this.#held,
      longestHoldMs: this.#longestHoldMs,
      counters: { recorded, lost: lost + sum('lost'), refused, dropped: sum('dropped'), afterClose },
      sinks,
    }
  }

  async #close(): Promise<void> {
    const { closeTimeoutMs } = this.#settings
    const { open, clock } = this.recorder
    const deadline = clock.monotonic() + closeTimeoutMs
    this.#state = 'closing'
    await untilEmpty(open, closeTimeoutMs * SHARE_FOR_OPEN_EXCHANGES)
    for (const exchange of open) exchange.endAt('now')
    await untilEmpty(open, (deadline - clock.monotonic()) * SHARE_FOR_LAST_USERS)
    for (const exchange of open) exchange.stopLookup()
    this.#state = 'closed'
    await this.#handlers.close(Math.max(0, deadline - clock.monotonic()))
    for (const stop of this.#watching) stop()
  }

  #drainable(): Drainable {
    return {
      hasQueued: () => this.#handlers.hasQueued(),
      flush: () => this.#handlers.flush(),
      drainSync: () => {
        for (const exchange of this.recorder.open) {
          exchange.endAt('now')
          exchange.stopLookup()
        }
        this.#handlers.drainSync()
      },
    }
  }

  #admitsMore(request: object | undefined): boolean {
    if (this.#state === 'open') return true
    // Seen at the server and by the framework, a request is still one.
    const isCounted = request !== undefined && this.#lateRequests.has(request)
    if (request !== undefined) this.#lateRequests.add(request)
    if (!isCounted) this.#countAfterClose()
    return false
  }

  #countAfterClose(): void {
    this.#counters.afterClose++
    this.recorder.reportOnce(new AuditError('RECORD_AFTER_CLOSE'))
  }

  #keep(record: SealedRecord): Promise<void> | undefined {
    if (this.#state === 'closed') {
      this.#countAfterClose()
      return undefined
    }
    this.#counters.recorded++
    if (this.#commit === undefined) {
      this.#handlers.push(record)
      return undefined
    }
    return this.#commit(record).then(
      () => this.#handlers.push(record),
      (error: unknown) => {
        this.#report(new AuditError('RECORD_NOT_KEPT', { reason: safeReasonOf(error) }, error))
        throw error
      },
    )
  }

  #lose(error: unknown): void {
    this.#counters.lost++
    this.#report(new AuditError('RECORD_NOT_KEPT', { reason: safeReasonOf(error) }, error))
  }

  #heldFor(ms: number, end: HoldEnd): void {
    this.#held--
    this.#longestHoldMs = Math.max(this.#longestHoldMs, ms)
    if (end === 'failed-open') this.#counters.lost++
    if (end === 'refused' || end === 'cut') this.#counters.refused++
  }
}

/** Resolves when no exchange is open any more, or after the time given. */
async function untilEmpty(open: OpenExchanges, ms: number): Promise<void> {
  if (open.size === 0) return
  const kept = Promise.all([...open].map((exchange) => exchange.whenKept()))
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([kept, late])
  clearTimeout(timer)
}
