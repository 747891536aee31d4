import { type Ending, NOTHING_SENT, type ResponseHead } from './facts.ts'
import type { HoldEnd } from './held-response.ts'
import { refusal } from './refusal.ts'

/** What went out instead of the response that was recorded, whose head is given where it was sent; undefined where nothing else did. */
export function otherEnding(how: HoldEnd, sent: ResponseHead | undefined): Ending | undefined {
  switch (how) {
    case 'gone':
      return { head: sent ?? NOTHING_SENT, complete: false, endedBy: 'client' }
    case 'cut':
      return { head: sent ?? NOTHING_SENT, complete: false, endedBy: 'server' }
    case 'refused':
      return { head: REFUSED, complete: true }
    default:
      return undefined
  }
}

const REFUSED: ResponseHead = {
  status: refusal.status,
  reason: 'Service Unavailable',
  headers: `{"content-type":"${refusal.contentType}","content-length":"${refusal.body.length}"}`,
}
