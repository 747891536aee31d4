import type { UserFacts } from './user.ts'

/** How much of an exchange is kept: nothing, all but filter, results and message, or all. */
export type Keep = 'none' | 'metadata' | 'full'

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
  /** Undefined where the whole audit log's setting holds. */
  readonly onFailure: 'open' | 'closed' | undefined
  keepAtEnd(ended: Ended): Keep
}

/** The decision where no rule says otherwise. */
export const KEEP_ALL: Decision = { keep: 'full', onFailure: undefined, keepAtEnd: () => 'full' }
