/** What a framework tells about a request, read once, when the exchange opens. */
export interface RequestFacts {
  readonly method: string | null
  /** As the client asked for it, not redacted yet. */
  readonly url: string | null
  readonly userAgent: string | null
  readonly requestId: string | undefined
  readonly traceId: string | undefined
}

/** The head of a response as it went on the wire: its headers as JSON text, redacted. */
export interface ResponseHead {
  readonly status: number | null
  readonly reason: string | null
  readonly headers: string
  /** Whether the headers had to be taken from the response object instead. */
  readonly inexact?: boolean
}

/** When it is asked how an exchange ended: its response said `finish` or `close`, or it has to end `now`, as it stands. */
export type Moment = 'finish' | 'close' | 'now'

/** How an exchange ended. */
export interface Ending {
  readonly head: ResponseHead
  /** Whether the complete response went out, or is ready to. */
  readonly complete: boolean
  /** Who ended it, where it is not complete. */
  readonly endedBy?: 'client' | 'server' | undefined
}

export const NOTHING_SENT: ResponseHead = { status: null, reason: null, headers: '{}' }
