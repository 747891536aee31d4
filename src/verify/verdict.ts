import type { Fault } from './fault.ts'

/** What a trail tells about its own gaps and repairs, in its proven records. Lists have at most 100 items; `count` counts all. */
export interface Account {
  readonly starts: number
  readonly stops: number
  readonly recoveries: Listed<{ leaf: number; time: string | null; tornBytes: number }>
  /** The ids of exchanges that have an intent and no record, as recovery found them. */
  readonly interrupted: Listed<string>
  readonly gaps: Listed<Gap> & { readonly lost: number; readonly refused: number }
  readonly damages: Listed<{ leaf: number; file: string; offset: number; bytes: number }>
}

export interface Listed<T> {
  readonly count: number
  readonly list: readonly T[]
}

/** A time from which records are missing. */
export interface Gap {
  readonly leaf: number
  readonly lost: number
  readonly refused: number
  readonly firstTime: string | null
  readonly lastTime: string | null
  readonly reason: string | null
}

/** The trail that a successor follows. */
export interface Follows {
  readonly origin: string
  readonly size: number
  readonly root: string
}

export interface Verdict {
  /** `consistent`: no key was given, and all fits together; that is no proof against whoever could write all of it. */
  readonly verdict: 'passed' | 'failed' | 'consistent'
  readonly origin: string | null
  /** How many records are proven: those of the largest checkpoint that the lines fit. 0 where none does. */
  readonly size: number
  /** The root of these, in base64. */
  readonly root: string | null
  /** The time of the last of these records. */
  readonly time: string | null
  /** What lies behind the checkpoint: nothing proves it. */
  readonly unproven: { readonly records: number; readonly bytes: number; readonly firstTime: string | null }
  readonly account: Account
  readonly follows: Follows | null
  /** At most 100. */
  readonly faults: readonly Fault[]
  /** How many more faults there are. */
  readonly moreFaults: number
  /** The older checkpoints that were given. */
  readonly checkpoints: readonly { readonly name: string; readonly size: number | null; readonly ok: boolean }[]
}

export interface VerifyOptions {
  /** Verifier keys, from outside of the trail. None: the best verdict is `consistent`. */
  readonly keys?: readonly string[]
  /** Older checkpoints of this trail, kept elsewhere. */
  readonly checkpoints?: readonly { readonly name: string; readonly bytes: Uint8Array }[]
  /** How often to look at most, where a failure may come from a writer at work. Default 6; 1 for a trail at rest. */
  readonly looks?: number
  /** Told after each piece: bytes of segments read, of how many. */
  readonly progress?: (bytes: number, of: number) => void
}

export type VerifyErrorCode = 'WRONG_USE' | 'NOTHING_TO_READ'

/** Nothing was verified: `WRONG_USE` of a key, `NOTHING_TO_READ` where no trail is, or none that may be read. */
export class VerifyError extends Error {
  override readonly name = 'VerifyError'
  readonly code: VerifyErrorCode

  constructor(code: VerifyErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
