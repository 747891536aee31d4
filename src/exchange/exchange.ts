import { AuditError, reasonOf } from '../lib/errors.ts'
import { property } from '../lib/property.ts'
import { quote } from '../lib/text.ts'
import { Annotations, textOf } from '../record/annotations.ts'
import type { Logger } from '../record/logger.ts'
import { sealRecord } from '../record/record-line.ts'
import type { SealedRecord } from '../record/sealed-record.ts'
import { ExchangeLogger } from './exchange-logger.ts'
import type { Ending, Moment, RequestFacts, ResponseHead } from './facts.ts'
import { outcomeOf } from './outcome.ts'
import type { Recorder } from './recorder.ts'
import { readUser, type UserFacts } from './user.ts'
import { ANONYMOUS, userText } from './user-text.ts'

/** How long a record waits for a user that is still being looked up. */
const USER_WAIT_MS = 5_000

/** Where an exchange learns what only its framework knows. */
export interface ExchangeSource {
  /** Who acts, as far as is known now: anything that `readUser` understands, or a promise of it. */
  user(): unknown
  /** How the exchange ended at this moment, or stands now. */
  ending(moment: Moment): Ending
}

/** One request and its response, from its first byte until its record is made. */
export class Exchange {
  readonly recorder: Recorder
  readonly facts: RequestFacts
  readonly id: string
  readonly logger: Logger
  readonly annotations: Annotations = new Annotations()
  /** The exchange that another audit log keeps of the same request, if any. */
  readonly other: Exchange | undefined
  readonly #source: ExchangeSource
  readonly #startedAt: number
  readonly #started: number
  #ended = false
  #user: UserFacts = ANONYMOUS
  #userIsSet = false
  #lookup: Promise<void> | undefined
  #stopLookup: (() => void) | undefined
  #error: string | undefined
  #kept: { readonly promise: Promise<void>; readonly settle: () => void } | undefined

  constructor(recorder: Recorder, facts: RequestFacts, source: ExchangeSource, other?: Exchange) {
    this.recorder = recorder
    this.facts = facts
    this.#source = source
    this.other = other
    this.#startedAt = recorder.clock.now()
    this.#started = recorder.clock.monotonic()
    this.id = recorder.newId(this.#startedAt)
    this.logger = new ExchangeLogger(this)
    recorder.open.add(this)
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Asks who acts, now. The last authenticated answer stays, so that a logout still has its user. */
  askUser(): void {
    if (this.#userIsSet || this.#ended) return
    let answer: unknown
    try {
      answer = this.#source.user()
    } catch (error) {
      this.#userNotRead(error)
      return
    }
    if (isThenable(answer)) this.#lookup = this.#lookUp(answer)
    else this.#noteUser(readUser(answer))
  }

  /** What the app itself says of the user takes the place of every other answer. */
  setUser(user: unknown): void {
    this.#user = readUser(user) ?? ANONYMOUS
    this.#userIsSet = true
  }

  /** The error that ended the exchange, handed over by the framework. */
  fail(error: unknown): void {
    if (this.#ended) return
    const { redactor } = this.recorder
    this.#error = `{"type":${quote(typeOf(error))},"message":${quote(redactor.text(reasonOf(error)))}}`
  }

  /** Ends the exchange as its framework sees it at this moment. Never throws. */
  endAt(moment: Moment): void {
    if (!this.#ended) this.endAs(this.#source.ending(moment))
  }

  /** Ends the exchange where nothing waits for its record. */
  endAs(ending: Ending): void {
    this.end(ending)?.catch(ignoreFailure)
  }

  /** Makes the record and keeps it, once; later calls do nothing. Undefined where it is kept already. */
  end(ending: Ending): Promise<void> | undefined {
    if (this.#ended) return undefined
    this.askUser()
    const durationMs = this.#duration()
    this.#ended = true
    if (this.#lookup === undefined) return this.#keep(ending, durationMs)
    return this.#untilLookedUp(this.#lookup).then(() => this.#keep(ending, durationMs))
  }

  /** Lets a record that still waits for its user be made now, with the user as known. */
  stopLookup(): void {
    this.#stopLookup?.()
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
    recorder.keep(amendment)?.catch(ignoreFailure)
  }

  /** Settled when the exchange has its record, kept as the guarantee in force says. */
  whenKept(): Promise<void> {
    if (this.#kept === undefined) {
      let settle = (): void => undefined
      const promise = new Promise<void>((resolve) => {
        settle = resolve
      })
      this.#kept = { promise, settle }
      if (this.#ended) settle()
    }
    return this.#kept.promise
  }

  /** The user as JSON text, as known now. */
  userText(): string {
    return userText(this.#user, this.facts.ip, this.recorder)
  }

  #keep(ending: Ending, durationMs: number): Promise<void> | undefined {
    let kept: Promise<void> | undefined
    this.recorder.open.delete(this)
    try {
      kept = this.recorder.keep(this.#seal(ending, durationMs))
    } catch (error) {
      this.recorder.lose(error)
    }
    if (this.#kept !== undefined) {
      if (kept === undefined) this.#kept.settle()
      else kept.then(this.#kept.settle, this.#kept.settle)
    }
    return kept
  }

  #seal(ending: Ending, durationMs: number): SealedRecord {
    const { facts, annotations, recorder } = this
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
    })
  }

  #duration(): number {
    return Math.max(0, Math.round((this.recorder.clock.monotonic() - this.#started) * 1000) / 1000)
  }

  #noteUser(user: UserFacts | null): void {
    if (user !== null && (user.authenticated || !this.#user.authenticated) && !this.#userIsSet) this.#user = user
  }

  #lookUp(answer: PromiseLike<unknown>): Promise<void> {
    const earlier = this.#lookup
    const settled = Promise.resolve(answer).then(
      (user) => this.#noteUser(readUser(user)),
      (error: unknown) => this.#userNotRead(error),
    )
    return earlier === undefined ? settled : earlier.then(() => settled)
  }

  #untilLookedUp(lookup: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, USER_WAIT_MS)
      timer.unref?.()
      this.#stopLookup = () => {
        clearTimeout(timer)
        resolve()
      }
      void lookup.then(this.#stopLookup)
    })
  }

  #userNotRead(error: unknown): void {
    this.recorder.report(new AuditError('USER_NOT_READ', { reason: reasonOf(error) }, error))
  }
}

function requestText(facts: RequestFacts, recorder: Recorder): string {
  const url = facts.url === null ? 'null' : quote(recorder.redactor.url(facts.url))
  const agent = facts.userAgent === null ? 'null' : quote(facts.userAgent)
  return `{"method":${facts.method === null ? 'null' : quote(facts.method)},"url":${url},"user_agent":${agent}}`
}

function responseText(head: ResponseHead): string {
  const reason = head.reason === null ? 'null' : quote(head.reason)
  return `{"status_code":${head.status},"reason":${reason},"headers":${head.headers}${head.inexact === true ? ',"inexact":true' : ''}}`
}

/** The class of an error; Node's own errors are all of class Error and say more by their code. */
function typeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const { name, code } = error as Error & { readonly code?: unknown }
  return name === 'Error' && typeof code === 'string' ? code : textOf(name)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof property(value, 'then') === 'function'
}

/** A failure to keep was counted and reported where it happened. */
function ignoreFailure(): undefined {
  return undefined
}
