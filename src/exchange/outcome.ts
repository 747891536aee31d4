import type { Outcome } from '../record/record.ts'

/** How a response ended, as seen at its `close`. */
export interface ResponseEnding {
  /** The status that was sent, or null when none was. */
  readonly status: number | null
  /** Whether the response was sent to its end. */
  readonly complete: boolean
  /** Who ended a response that is not complete; undefined where nobody can say. */
  readonly endedBy: 'client' | 'server' | undefined
}

/**
 * `aborted` when the client left before it had the complete response; `failure` when the response was cut short otherwise,
 * or for a 4xx or 5xx; `denied` for 401 and 403; else `success`. A client that left after the complete response is none of ours.
 */
export function outcomeOf({ status, complete, endedBy }: ResponseEnding): Outcome {
  if (!complete && endedBy === 'client') return 'aborted'
  if (!complete || status === null) return 'failure'
  if (status === 401 || status === 403) return 'denied'
  return status >= 400 ? 'failure' : 'success'
}
