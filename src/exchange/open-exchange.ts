import type { Logger } from '../record/logger.ts'
import type { Moment } from './facts.ts'

/** What an audit log knows of an exchange that has begun and has no record yet. */
export interface OpenExchange {
  readonly logger: Logger
  endAt(moment: Moment): unknown
  whenKept(): Promise<void>
  stopLookup(): void
}
