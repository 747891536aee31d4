import type { Annotations, Proposal } from './annotations.ts'
import type { Logger } from './logger.ts'
import type { HttpRequestPart, HttpResponsePart, Level } from './record.ts'
import type { Redactor } from './redaction.ts'

/** The part of a logger that all loggers share: annotations, taken only while the record can still take them. */
export abstract class AnnotatingLogger implements Logger {
  readonly #redactor: Redactor
  readonly #annotations: Annotations

  constructor(redactor: Redactor, annotations: Annotations) {
    this.#redactor = redactor
    this.#annotations = annotations
  }

  /** Whether the record still takes what the app says; where not, the logger has said so already, unless it is to be quiet. */
  protected abstract admits(quietly?: boolean): boolean

  abstract setHttpRequest(request: Partial<HttpRequestPart>): this
  abstract setHttpResponse(response: Partial<HttpResponsePart>): this
  abstract setUser(user: unknown): this
  abstract event(): Logger
  abstract sendLog(): Promise<void>

  setFilter(object: string, fields?: unknown, terms?: unknown): this {
    if (this.admits()) this.#annotations.setFilter(this.#redactor, object, fields, terms)
    return this
  }

  setResults(results: unknown): this {
    if (this.admits()) this.#annotations.setResults(this.#redactor, results)
    return this
  }

  /** @internal Fills in what the app itself does not say, while the record still takes it. */
  propose(proposal: Proposal): void {
    if (this.admits(true)) this.#annotations.propose(this.#redactor, proposal)
  }

  debug(message: string): this {
    return this.#say('DEBUG', message)
  }

  info(message: string): this {
    return this.#say('INFO', message)
  }

  warning(message: string): this {
    return this.#say('WARNING', message)
  }

  error(message: string): this {
    return this.#say('ERROR', message)
  }

  critical(message: string): this {
    return this.#say('CRITICAL', message)
  }

  #say(level: Level, message: string): this {
    if (this.admits()) this.#annotations.setMessage(this.#redactor, level, message)
    return this
  }
}
