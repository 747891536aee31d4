import type { HttpRequestPart, HttpResponsePart } from './record.ts'

/** A user as an app describes one; every part is optional. `roles` may be text, an array or a Set. */
export interface UserDescription {
  readonly authenticated?: boolean
  readonly id?: string | number
  readonly email?: string
  readonly provider?: string
  readonly realm?: string
  readonly roles?: string | Iterable<string>
  /** On a plain record only: the address that it came from. On an exchange the address is the connection's. */
  readonly ip?: string | null
}

/**
 * What an app talks to: it says what was searched for, what was shown, and how important that is. Every method but
 * `event` and `sendLog` gives the logger back; none ever throws. What is handed over is read at once and never kept.
 */
export interface Logger {
  /** The request, on a record of `audit.logger()`. An exchange's own is read from the connection: there the call has no effect. */
  setHttpRequest(request: Partial<HttpRequestPart>): this
  /** The response, on a record of `audit.logger()`. An exchange's own is read from the connection: there the call has no effect. */
  setHttpResponse(response: Partial<HttpResponsePart>): this
  /** Who acts. On an exchange it takes the place of what `userFromRequest` says. */
  setUser(user: unknown): this
  /** What was searched for: `filter: {object, fields, terms}`, or, given an object, `filter: {object, kwargs}`. */
  setFilter(object: string, kwargs?: Readonly<Record<string, unknown>>): this
  setFilter(object: string, fields: unknown, terms?: unknown): this
  /** What was shown: any value that JSON can say, and most others (`docs/record.md` lists them). */
  setResults(results: unknown): this
  debug(message: string): this
  info(message: string): this
  warning(message: string): this
  error(message: string): this
  critical(message: string): this
  /** A logger for one more record of the same exchange, of kind `event`, linked by `exchange`. It is sent by its own `sendLog()`. */
  event(): Logger
  /**
   * Hands the record over, once; settled when it is kept as the guarantee in force says. An exchange's own record is
   * sent when the exchange ends: there the promise says when that has happened.
   */
  sendLog(): Promise<void>
}
