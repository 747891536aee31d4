import { AuditError } from '../lib/errors.ts'
import { AnnotatingLogger } from '../record/annotating-logger.ts'
import type { Annotations } from '../record/annotations.ts'
import type { Logger } from '../record/logger.ts'
import type { Decision } from './decision.ts'
import { type EventOwner, PlainLogger } from './plain-logger.ts'
import type { Recorder } from './recorder.ts'

/** What the logger needs of its exchange. */
interface LoggedExchange extends Omit<EventOwner, 'guarantee'> {
  readonly recorder: Recorder
  readonly annotations: Annotations
  readonly ended: boolean
  readonly decision: Pick<Decision, 'guarantee'>
  askUser(): void
  setUser(user: unknown): void
  whenKept(): Promise<void>
}

/** The logger of an exchange. Request and response are read from the connection, so that an app cannot get them wrong. */
export class ExchangeLogger extends AnnotatingLogger {
  readonly #exchange: LoggedExchange

  constructor(exchange: LoggedExchange) {
    super(exchange.recorder.redactor, exchange.annotations)
    this.#exchange = exchange
  }

  protected admits(quietly = false): boolean {
    const exchange = this.#exchange
    if (exchange.ended) {
      if (!quietly) exchange.recorder.reportOnce(new AuditError('LATE_ANNOTATION'))
      return false
    }
    exchange.askUser()
    return true
  }

  setHttpRequest(): this {
    return this
  }

  setHttpResponse(): this {
    return this
  }

  setUser(user: unknown): this {
    if (this.admits()) this.#exchange.setUser(user)
    return this
  }

  event(): Logger {
    this.#exchange.askUser()
    const { recorder, id, decision } = this.#exchange
    return new PlainLogger(recorder, {
      id,
      guarantee: decision.guarantee,
      userText: () => this.#exchange.userText(),
    })
  }

  sendLog(): Promise<void> {
    return this.#exchange.whenKept()
  }
}
