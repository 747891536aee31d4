import type { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../lib/clock.ts'
import type { AuditError } from '../lib/errors.ts'
import type { LinkedList } from '../lib/linked-list.ts'
import type { Redactor } from '../record/redaction.ts'
import type { SealedRecord } from '../record/sealed-record.ts'
import type { Decision, Guarantee } from './decision.ts'
import type { OpenExchange } from './open-exchange.ts'
import type { SilentLogger } from './silent-logger.ts'

/** What recording an exchange needs of its audit log: settings turned into functions once, at the start. */
export interface Recorder {
  /** The logger's name as JSON text. */
  readonly loggerName: string
  readonly redactor: Redactor
  readonly clock: Clock
  newId(time: number): string
  /** What the rules say of a request; undefined where it leaves no record: exempt, auditing off, or the audit log closed. */
  decide(method: string | null, target: string, request: object | undefined): Decision | undefined
  /** Names the rules in force. */
  readonly policy: string | undefined
  /** The header that a trusted proxy writes, in lower case. */
  readonly forwardedHeader: string
  clientAddress(peer: string | undefined, forwarded: string | readonly string[] | undefined): string | null
  trustsPeer(peer: string | undefined): boolean
  /** Whether `trustedProxies` was set; where not, the framework's own decision counts. */
  readonly hasOwnTrust: boolean
  /** The app's `userFromRequest`, or undefined for the framework's habitual places. */
  readonly userFromRequest: ((source: unknown) => unknown) | undefined
  /** A user's identity field as recorded: as it is, or as a pseudonym. */
  identity(field: string, value: string): string
  /** Carries the current exchange through the app's asynchronous flow; null where `context` is false. */
  readonly scope: AsyncLocalStorage<OpenExchange> | null
  /** The guarantee of records that belong to no exchange. */
  readonly guarantee: Guarantee
  /** The longest that a response, or a handler, waits for its record. */
  readonly holdTimeoutMs: number
  readonly echoRequestId: boolean
  /**
   * Keeps a record. Settled when it is as safe as the guarantee says; where it rejects, it is for the caller to say what
   * that came to: a loss, or a refusal. Never throws.
   */
  keep(record: SealedRecord, guarantee: Guarantee): Promise<void> | undefined
  /** Keeps the intent of an exchange: on disk when it is settled. Never throws. */
  keepIntent(intent: SealedRecord, exchange: string): Promise<void>
  /** Counts a record that is lost, and reports why. */
  lose(error: unknown): void
  /** Counts a response that was refused or cut for want of a record, and reports why. */
  refuse(error: unknown): void
  /** A response begins to wait for its record. */
  holding(): void
  /** A response has waited for its record so long. */
  heldFor(ms: number): void
  /** The exchanges that have begun and have no record yet, the oldest first. */
  readonly open: LinkedList<OpenExchange>
  /** What handlers get where nothing is recorded. */
  readonly silent: SilentLogger
  report(error: AuditError): void
  /** Says once that a header was ignored, since no proxy is trusted. */
  ignored(header: string): void
  /** The same, at most once in the life of this audit log for each code. */
  reportOnce(error: AuditError): void
}
