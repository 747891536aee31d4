import type { Link } from '../lib/linked-list.ts'
import { Annotations } from '../record/annotations.ts'
import type { Logger } from '../record/logger.ts'
import { sealRecord } from '../record/record-line.ts'
import type { SealedRecord } from '../record/sealed-record.ts'
import type { Decision, Ended, Keep } from './decision.ts'
import { ExchangeLogger } from './exchange-logger.ts'
import { errorText, requestText, responseText } from './exchange-text.ts'
import { ExchangeUser } from './exchange-user.ts'
import type { Ending, Moment, RequestFacts } from './facts.ts'
import type { OpenExchange } from './open-exchange.ts'
import { outcomeOf } from './outcome.ts'
import type { Recorder } from './recorder.ts'

const NO_ANNOTATIONS = new Annotations()

/** Where an exchange learns what only its framework knows. */
export interface ExchangeSource {
  /** Who acts, as far as is known now: anything that `readUser` understands, or a promise of it. */
  user(): unknown
  /** The client's address: one valid address, or null. */
  address(): string | null
  /** How the exchange ended at this moment, or stands now. */
  ending(moment: Moment): Ending
  /** The route that the framework chose, as the app wrote it. */
  route?(): string | undefined
  /** Nobody asks any more, but for the address: the exchange may live on for long, in the scope of a timer or a promise. */
  letGo?(): void
}

/** One request and its response, from its first byte until its record is made. */
export class Exchange implements OpenExchange {
  readonly recorder: Recorder
  readonly facts: RequestFacts
  readonly id: string
  readonly logger: Logger
  readonly annotations: Annotations = new Annotations()
  readonly decision: Decision
  readonly source: ExchangeSource
  /** The exchange that another audit log keeps of the same request, if any. */
  readonly other: Exchange | undefined
  /** Whether its handler may run, while that waits for its intent. */
  admission: Promise<boolean> | undefined
  isAdmitted = false
  readonly #openPlace: Link<OpenExchange>
  readonly #user: ExchangeUser
  readonly #startedAt: number
  readonly #started: number
  #ended = false
  #isLeftOut = false
  #isRefused = false
  #isMade = false
  #keepWaiting: (() => void) | undefined
  #error: string | undefined
  /** What its record waits for, once that is made. */
  #keeping: Promise<void> | undefined
  #kept: { readonly promise: Promise<void>; readonly settle: () => void } | undefined

  constructor(recorder: Recorder, facts: RequestFacts, source: ExchangeSource, decision: Decision, other?: Exchange) {
    this.recorder = recorder
    this.facts = facts
    this.source = source
    this.decision = decision
    this.#user = new ExchangeUser(recorder)
    this.other = other
    this.#startedAt = recorder.clock.now()
    this.#started = recorder.clock.monotonic()
    this.id = recorder.newId(this.#startedAt)
    this.logger = new ExchangeLogger(this)
    this.#openPlace = recorder.open.add(this)
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Asks who acts, now. */
  askUser(): void {
    if (!this.#ended) this.#user.ask(this.source)
  }

  /** What the app itself says of the user takes the place of what its request says. */
  setUser(user: unknown): void {
    this.#user.set(user)
  }

  /** The error that ended the exchange, handed over by the framework. */
  fail(error: unknown): void {
    if (!this.#ended) this.#error = errorText(error, this.recorder)
  }

  /** Whether the client is refused the response, for want of a record: counted by then. */
  get refused(): boolean {
    return this.#isRefused
  }

  /** The client gets no complete response, as the record of it cannot be kept. */
  refuse(error: unknown): void {
    this.#isRefused = true
    this.recorder.refuse(error)
  }

  /** A record of it could not be kept. */
  lose(error: unknown): void {
    if (!this.#isRefused) this.recorder.lose(error)
  }

  /** Leaves no record of the exchange, as the app has it for this handler. */
  leaveOut(): void {
    this.#isLeftOut = true
  }

  /** Ends the exchange as its framework sees it at this moment. Never throws. */
  endAt(moment: Moment): void {
    if (!this.#ended) this.endAs(this.source.ending(moment))
  }

  /** Ends the exchange where nothing waits for its record. */
  endAs(ending: Ending): void {
    this.end(ending)?.catch((error) => this.lose(error))
  }

  /** Makes the record and keeps it, once; later calls do nothing. Undefined where it is kept already. */
  end(ending: Ending): Promise<void> | undefined {
    if (this.#ended) return undefined
    this.askUser()
    const durationMs = this.#duration()
    this.#ended = true
    const known = this.#user.whenKnown()
    if (known === undefined) return this.#keep(ending, durationMs)
    let kept: Promise<void> | undefined
    this.#keepWaiting = () => {
      this.#keepWaiting = undefined
      kept = this.#keep(ending, durationMs)
    }
    return known.then(() => {
      this.#keepWaiting?.()
      return kept
    })
  }

  /** Makes a record that still waits for its user now, at once, with the user as known. */
  stopLookup(): void {
    this.#keepWaiting?.()
    this.#user.stopWaiting()
  }

  /** Says what really went out, where the record had to be made before. */
  amend(ending: Ending): void {
    const { recorder } = this
    const time = recorder.clock.now()
    const amendment = sealRecord({
      id: recorder.newId(time),
      time,
      logger: recorder.loggerName,
      kind: 'amendment',
      exchange: this.id,
      response: responseText(ending.head),
      outcome: outcomeOf({ status: ending.head.status, complete: ending.complete, endedBy: ending.endedBy }),
    })
    recorder.keep(amendment, this.decision.guarantee)?.catch((error) => this.lose(error))
  }

  /** Settled when the exchange has its record, kept as the guarantee in force says. */
  whenKept(): Promise<void> {
    if (this.#kept === undefined) {
      let settle = (): void => undefined
      const promise = new Promise<void>((resolve) => {
        settle = resolve
      })
      this.#kept = { promise, settle }
      if (this.#isMade) this.#settle()
    }
    return this.#kept.promise
  }

  /** The user as JSON text, as known now. */
  userText(): string {
    return this.#user.text(this.source.address())
  }

  #keep(ending: Ending, durationMs: number): Promise<void> | undefined {
    let kept: Promise<void> | undefined
    this.#openPlace.remove()
    try {
      const keep = this.#keepAtEnd(ending)
      if (keep !== 'none') kept = this.recorder.keep(this.#seal(ending, durationMs, keep), this.decision.guarantee)
      this.source.letGo?.()
    } catch (error) {
      this.lose(error)
    }
    this.#isMade = true
    this.#keeping = kept
    if (this.#kept !== undefined) this.#settle()
    return kept
  }

  #keepAtEnd({ head }: Ending): Keep {
    const { decision } = this
    const ended = (): Ended => ({ status: head.status, route: this.source.route?.(), user: this.#user.facts })
    const keep = this.#isLeftOut ? 'none' : (decision.keep ?? decision.keepAtEnd(ended()))
    // An intent without a record says that the process died before it.
    return keep === 'none' && this.admission !== undefined ? 'metadata' : keep
  }

  #seal(ending: Ending, durationMs: number, keep: Keep): SealedRecord {
    const { facts, recorder } = this
    const annotations = keep === 'full' ? this.annotations : { ...NO_ANNOTATIONS, type: this.annotations.type }
    return sealRecord({
      id: this.id,
      time: this.#startedAt,
      durationMs,
      logger: recorder.loggerName,
      request: requestText(facts, recorder),
      response: responseText(ending.head),
      user: this.userText(),
      filter: annotations.filter,
      results: annotations.results,
      outcome: outcomeOf({ status: ending.head.status, complete: ending.complete, endedBy: ending.endedBy }),
      type: annotations.type,
      message: annotations.message,
      error: this.#error,
      requestId: facts.requestId,
      traceId: facts.traceId,
      policy: recorder.policy,
    })
  }

  #duration(): number {
    return Math.max(0, Math.round((this.recorder.clock.monotonic() - this.#started) * 1000) / 1000)
  }

  /** Settles what waits for the record. Not before somebody does: mostly nobody does. */
  #settle(): void {
    const settle = this.#kept?.settle
    if (this.#keeping === undefined) settle?.()
    else this.#keeping.then(settle, settle)
  }
}
