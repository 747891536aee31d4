/** The level of a record, as the ancestor names them (RFC 5424 has the same five among its eight). */
export type Level = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL'

/** How an exchange ended. */
export type Outcome = 'success' | 'denied' | 'failure' | 'aborted'

/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

export interface HttpRequestPart {
  readonly method: string | null
  readonly url: string | null
  readonly user_agent: string | null
}

export interface HttpResponsePart {
  readonly status_code: number | null
  readonly reason: string | null
  /** Names in lower case; a header that was sent several times is an array. */
  readonly headers: { readonly [name: string]: string | readonly string[] }
  /** Present, and true, when the headers could not be read from what was sent. */
  readonly inexact?: true
}

export interface UserPart {
  readonly authenticated: boolean
  readonly id?: string
  readonly provider?: string
  readonly realm?: string
  readonly email?: string
  readonly roles: readonly string[]
  readonly ip: string | null
}

export interface ErrorPart {
  readonly type: string
  readonly message: string
}

/** Kinds of records that only a trail has: what happened to the trail itself, and requests that were about to be handled. */
export type TrailKind = 'start' | 'stop' | 'recovery' | 'interrupted' | 'gap' | 'damage' | 'heartbeat' | 'intent'

/** The size and root of a trail: `root` in base64. */
export interface TrailState {
  readonly origin: string
  readonly size: number
  readonly root: string
}

/** A writer has opened the trail. */
export interface StartPart {
  /** The settings that decide what is kept and how safely. */
  readonly in_force: Json
  /** SHA-256 of `trail.json`, in lower-case hexadecimal. */
  readonly trail: string
  /** The trail that this one follows, on a successor. */
  readonly follows?: TrailState
}

/** What was counted since the start. */
export interface CountersPart {
  readonly recorded: number
  readonly lost: number
  readonly refused: number
}

/** What was found and mended when the trail was opened. */
export interface RecoveryPart {
  /** The records that were found. */
  readonly size: number
  /** Bytes that were cut from the end. */
  readonly torn_bytes: number
  /** Tiles that were made again. */
  readonly tiles: number
  /** Exchanges that had begun and have no record. */
  readonly interrupted: number
  /** Present where the writer before did not stop: records of this time may be lost, and nobody counted them. */
  readonly unknown_loss?: { readonly first_time: string | null; readonly last_time: string }
}

/** Records that could not be kept. */
export interface GapPart {
  readonly lost: number
  readonly refused: number
  readonly first_time: string
  readonly last_time: string
  /** Why the last of them was not kept. */
  readonly reason: string
}

/** Bytes of a file that belong to no record. */
export interface DamagePart {
  /** The path within the trail. */
  readonly file: string
  readonly offset: number
  readonly bytes: number
  /** Where recovery put them: a path below `damage/`. */
  readonly moved?: string
}

/** One audit record in the native format: `docs/record.md` has it field by field, `griffier/record.schema.json` as a schema. */
export interface AuditRecord {
  readonly id: string
  /** Start of the exchange: RFC 3339, UTC, milliseconds. */
  readonly time: string
  readonly duration_ms?: number
  readonly logger: string
  /** Absent for an exchange and for a plain record of `audit.logger()`. */
  readonly kind?: 'event' | 'amendment' | TrailKind
  /** The id of the exchange's record, on the kinds that belong to one. */
  readonly exchange?: string
  readonly http_request?: HttpRequestPart
  readonly http_response?: HttpResponsePart
  readonly user?: UserPart
  readonly filter?: { readonly object: string; readonly [key: string]: Json }
  readonly results?: Json
  readonly outcome?: Outcome
  /** On every record but those of a trail's own kinds, as `message` is. */
  readonly type?: Level
  readonly message?: string
  readonly error?: ErrorPart
  readonly request_id?: string
  readonly trace_id?: string
  /** Names the rules in force: the start of their SHA-256; absent without any. */
  readonly policy?: string
  readonly start?: StartPart
  readonly stop?: CountersPart
  readonly recovery?: RecoveryPart
  /** The exchange of this intent has no record, as its process ended before it. */
  readonly interrupted?: { readonly intent: string }
  readonly gap?: GapPart
  readonly damage?: DamagePart
  readonly heartbeat?: CountersPart
  /** The last member of each line of a trail: 128 random bits, base64url. */
  readonly nonce?: string
}
