import type { AsyncLocalStorage } from 'node:async_hooks'
import type { Drainable } from '../delivery/drain-at-exit.ts'
import type { Guarantee } from '../exchange/decision.ts'
import type { OpenExchange } from '../exchange/open-exchange.ts'
import { PlainLogger } from '../exchange/plain-logger.ts'
import type { Recorder } from '../exchange/recorder.ts'
import { SilentLogger } from '../exchange/silent-logger.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import { AuditError } from '../lib/errors.ts'
import type { LinkedList } from '../lib/linked-list.ts'
import { uuidv7 } from '../lib/uuid.ts'
import { within } from '../lib/within.ts'
import type { Logger } from '../record/logger.ts'
import type { SealedRecord } from '../record/sealed-record.ts'
import type { Trail, TrailParts } from '../trail/trail.ts'
import type { AuditLog, Health } from './audit-log.ts'
import type { Handlers } from './handlers.ts'
import { inForce } from './in-force.ts'
import { Keeping } from './keeping.ts'
import { createPolicy, type Explanation, type Policy, type Question } from './policy.ts'
import { createRecorder } from './recorder.ts'
import type { Reporter } from './report.ts'
import type { ResolvedSettings } from './resolved-settings.ts'

/** Of the time that `close()` has, the part that requests still under way get to end by themselves. */
const SHARE_FOR_OPEN_EXCHANGES = 0.2
/** Of what is left, the part for users that are still being looked up. */
const SHARE_FOR_LAST_USERS = 0.5
/** Of what is left then, the part for the trail, whose last records handlers are to get. */
const SHARE_FOR_TRAIL = 0.5
/** A disk that has not answered for so long is taken for broken. */
const SYNC_TIMEOUT_MS = 30_000

/** Parts that an app's own tests may replace. */
export interface Parts {
  readonly clock?: Clock
  /** The id of the next record, given the time in milliseconds. */
  readonly ids?: (time: number) => string
}

/** Parts that only the tests of this package replace. */
export interface InnerParts extends Parts {
  /** Opens the trail. */
  readonly trail?: (parts: TrailParts) => Trail
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
  readonly ready: Promise<void>
  readonly recorder: Recorder
  readonly #settings: ResolvedSettings
  readonly #handlers: Handlers
  readonly #keeping: Keeping
  readonly #trail: Trail | undefined
  readonly #policy: Policy
  readonly #outside: Logger
  #afterClose = 0
  readonly #lateRequests = new WeakSet<object>()
  #held = 0
  #longestHoldMs = 0
  readonly #watching: readonly (() => void)[]
  #state: 'open' | 'closing' | 'closed' = 'open'
  #closing: Promise<void> | undefined

  constructor(settings: ResolvedSettings, wiring: Wiring) {
    this.#settings = settings
    this.#handlers = wiring.handlers
    this.#policy = createPolicy(settings)
    this.#keeping = new Keeping(wiring.handlers, wiring.report)
    this.#trail = this.#openTrail(wiring)
    this.ready = this.#trail?.ready ?? Promise.resolve()
    this.recorder = createRecorder(settings, {
      policy: this.#policy,
      clock: wiring.clock ?? systemClock,
      newId: wiring.ids ?? uuidv7,
      scope: wiring.scope,
      admitsMore: (request) => this.#admitsMore(request),
      keep: (record, guarantee) => this.#keep(record, guarantee),
      keeping: this.#keeping,
      holding: () => {
        this.#held++
      },
      heldFor: (ms) => {
        this.#held--
        this.#longestHoldMs = Math.max(this.#longestHoldMs, ms)
      },
      report: wiring.report,
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
    await this.#trail?.flush()
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
    const { recorded, lost, refused } = this.#keeping.counters
    const { lock = null, ...trail } = this.#trail?.health() ?? {}
    return {
      guarantee,
      onFailure,
      lock,
      trail: 'state' in trail ? trail : null,
      held: this.#held,
      longestHoldMs: this.#longestHoldMs,
      counters: { recorded, lost: lost + sum('lost'), refused, dropped: sum('dropped'), afterClose: this.#afterClose },
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
    // Before the handlers, so that they get its last records.
    await this.#trail?.close(Math.max(0, (deadline - clock.monotonic()) * SHARE_FOR_TRAIL))
    await this.#handlers.close(Math.max(0, deadline - clock.monotonic()))
    for (const stop of this.#watching) stop()
  }

  #openTrail({ trail, report, clock, ids }: Wiring): Trail | undefined {
    const settings = this.#settings
    if (trail === undefined || settings.trail === undefined || !settings.enabled) return undefined
    const opened = trail({
      settings: settings.trail,
      loggerName: settings.loggerName,
      clock: clock ?? systemClock,
      newId: ids ?? uuidv7,
      inForce: inForce(settings),
      counters: () => ({ ...this.#keeping.counters }),
      durable: (records) => {
        for (const record of records) this.#handlers.push(record)
      },
      report,
      syncTimeoutMs: SYNC_TIMEOUT_MS,
    })
    this.#keeping.useTrail(opened)
    return opened
  }

  #drainable(): Drainable {
    return {
      hasQueued: () => this.#handlers.hasQueued() || this.#isTrailBehind(),
      flush: () => this.flush(),
      drainSync: () => {
        for (const exchange of this.recorder.open) {
          exchange.endAt('now')
          exchange.stopLookup()
        }
        this.#trail?.endSync()
        this.#handlers.drainSync()
      },
    }
  }

  /** Whether its disk is behind, and may catch up. */
  #isTrailBehind(): boolean {
    const { state, size, durableSize } = this.#trail?.health() ?? { state: 'closed', size: 0, durableSize: 0 }
    return state === 'ok' && size > durableSize
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
    this.#afterClose++
    this.recorder.reportOnce(new AuditError('RECORD_AFTER_CLOSE'))
  }

  #keep(record: SealedRecord, guarantee: Guarantee): Promise<void> | undefined {
    if (this.#state !== 'closed') return this.#keeping.keep(record, guarantee)
    this.#countAfterClose()
    return undefined
  }
}

/** Resolves when no exchange is open any more, or after the time given. */
async function untilEmpty(open: LinkedList<OpenExchange>, ms: number): Promise<void> {
  if (open.size > 0) await within(Promise.all([...open].map((exchange) => exchange.whenKept())), ms)
}
