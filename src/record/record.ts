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

/** One audit record in the native format: `docs/record.md` has it field by field, `griffier/record.schema.json` as a schema. */
export interface AuditRecord {
  readonly id: string
  /** Start of the exchange: RFC 3339, UTC, milliseconds. */
  readonly time: string
  readonly duration_ms?: number
  readonly logger: string
  /** Absent for an exchange and for a plain record of `audit.logger()`. */
  readonly kind?: 'event' | 'amendment'
  /** The id of the exchange's record, on the kinds that belong to one. */
  readonly exchange?: string
  readonly http_request?: HttpRequestPart
  readonly http_response?: HttpResponsePart
  readonly user?: UserPart
  readonly filter?: { readonly object: string; readonly [key: string]: Json }
  readonly results?: Json
  readonly outcome?: Outcome
  readonly type: Level
  readonly message: string
  readonly error?: ErrorPart
  readonly request_id?: string
  readonly trace_id?: string
  /** Names the rules in force: the start of their SHA-256; absent without any. */
  readonly policy?: string
}
