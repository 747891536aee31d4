import type { UserFacts } from './user.ts'

/** How much of an exchange is kept: nothing, all but filter, results and message, or all. */
export type Keep = 'none' | 'metadata' | 'full'

/**
 * What a response is worth against its record. `'best-effort'`: nothing, it does not wait. All others need a trail; the
 * last byte of the response is held until the record was handed to the operating system (`'written'`) or is on disk
 * (`'durable'`); under `'recorded-first'` an intent is on disk before the handler runs, too.
 */
export type Guarantee = 'best-effort' | 'written' | 'durable' | 'recorded-first'

/** What is known of an exchange when it has ended. */
export interface Ended {
  readonly status: number | null
  /** The route that the framework chose, as the app wrote it. */
  readonly route: string | undefined
  readonly user: UserFacts
}

/** What the rules say of a request. */
export interface Decision {
  /** Undefined where it hangs on how the exchange ends. */
  readonly keep: Keep | undefined
  readonly guarantee: Guarantee
  readonly onFailure: 'open' | 'closed'
  keepAtEnd(ended: Ended): Keep
}
