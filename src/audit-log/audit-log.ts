import type { DeliveryHealth } from '../delivery/tally.ts'
import type { Logger } from '../record/logger.ts'
import type { TrailHealth } from '../trail/trail.ts'
import type { Explanation, Question } from './policy.ts'
import type { Guarantee } from './settings.ts'

export interface Health {
  /** The guarantee in force. */
  readonly guarantee: Guarantee
  readonly onFailure: 'open' | 'closed'
  /** How the trail is locked: by the system, or by a file; null where it is not, or there is none. */
  readonly lock: 'flock' | 'file' | null
  /** How the trail fares; null without one. */
  readonly trail: TrailHealth | null
  /** Responses that wait for their record now. */
  readonly held: number
  /** The longest that a response waited for its record, in milliseconds. */
  readonly longestHoldMs: number
  readonly counters: {
    /** Records that were kept, or are on their way: in the trail, or without one with the handlers. */
    readonly recorded: number
    /** Records that could not be kept, unless their responses were refused, and those that handlers lost. */
    readonly lost: number
    /** Responses that were refused or cut because their record could not be kept. */
    readonly refused: number
    /** Records that full queues left out, over all handlers. */
    readonly dropped: number
    /** Requests and records that came after `close()`. */
    readonly afterClose: number
  }
  readonly sinks: readonly DeliveryHealth[]
}

/** The process-wide audit log that `createAuditLog` gives. */
export interface AuditLog {
  /** Settles when records can be kept; at once without a trail. Rejects with an AuditError where the trail could not be opened, which may be tried again all the same. */
  readonly ready: Promise<void>
  /** A logger without a framework, for a record of its own. */
  logger(): Logger
  /** The logger of the request in whose asynchronous flow the call is made; elsewhere one that does nothing, said once. */
  current(): Logger
  /** Resolves when everything recorded so far is on disk, if there is a trail, and has been accepted by every handler, or been counted as lost. */
  flush(): Promise<void>
  /**
   * Stops taking new requests, waits for open ones, for the trail and for handlers (`closeTimeoutMs` in all; a fifth of
   * it for the open ones, which are then recorded as failures), and frees everything. Never rejects; a second call gives the same promise.
   */
  close(): Promise<void>
  /** Opens files anew, after they were moved. */
  reopen(): void
  health(): Health
  /** Which rule decides on a request, and why. */
  explain(question: Question): Explanation
}
