import { isoTime } from '../lib/clock.ts'
import { utf8Length } from '../lib/text.ts'
import { cutToFit, jsonText } from './fit.ts'
import type { Json, Level, Outcome } from './record.ts'
import { SealedRecord } from './sealed-record.ts'

/** What a trail adds to a line, `,"nonce":"` and `"` around 22 characters: a record is the same with a trail and without. */
const NONCE_BYTES = 33

/** The largest record, in bytes of UTF-8: the entry limit of the tlog-tiles format (C2SP), a 16-bit length, less the nonce. */
const MAX_RECORD_BYTES = 65_535 - NONCE_BYTES

/** A UTF-16 unit is at most three bytes of UTF-8: shorter lines need no counting. */
const SURELY_FITS = Math.floor(MAX_RECORD_BYTES / 3)

/** What a record is made of: JSON texts that were redacted already, and plain values that are safe as they are. */
export interface RecordParts {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly durationMs?: number | undefined
  readonly logger: string
  readonly kind?: 'event' | 'amendment' | undefined
  readonly exchange?: string | undefined
  readonly request?: string | undefined
  readonly response?: string | undefined
  readonly user?: string | undefined
  readonly filter?: string | undefined
  readonly results?: string | undefined
  readonly outcome?: Outcome | undefined
  readonly type?: Level | undefined
  readonly message?: string | undefined
  readonly error?: string | undefined
  readonly requestId?: string | undefined
  readonly traceId?: string | undefined
  readonly policy?: string | undefined
}

/** Seals a record: its parts become the native line, cut to the largest size where they must be. */
export function sealRecord(parts: RecordParts): SealedRecord {
  return sealLine(parts.id, nativeLine(parts))
}

/** Seals the line of a record, cut to the largest size where it must be. */
export function sealLine(id: string, line: string): SealedRecord {
  const fits = line.length <= SURELY_FITS || utf8Length(line) <= MAX_RECORD_BYTES
  return new SealedRecord(id, fits ? line : jsonText(cutToFit(JSON.parse(line) as Json, MAX_RECORD_BYTES)))
}

// Few and large pieces: many small ones would cost more to flatten than JSON.stringify of the whole.
function nativeLine(parts: RecordParts): string {
  const { durationMs, kind, exchange, request, response, user, filter, results, outcome, error } = parts
  return `{"id":"${parts.id}","time":"${isoTime(parts.time)}"${
    durationMs === undefined ? '' : `,"duration_ms":${durationMs}`
  },"logger":${parts.logger}${kind === undefined ? '' : `,"kind":"${kind}"`}${
    exchange === undefined ? '' : `,"exchange":"${exchange}"`
  }${member('http_request', request)}${member('http_response', response)}${member('user', user)}${member('filter', filter)}${member(
    'results',
    results,
  )}${outcome === undefined ? '' : `,"outcome":"${outcome}"`},"type":"${parts.type ?? 'INFO'}","message":${parts.message ?? '""'}${member(
    'error',
    error,
  )}${parts.requestId === undefined ? '' : `,"request_id":"${parts.requestId}"`}${
    parts.traceId === undefined ? '' : `,"trace_id":"${parts.traceId}"`
  }${parts.policy === undefined ? '' : `,"policy":"${parts.policy}"`}}`
}

/** A member of a record's line, with the comma before it; nothing where there is none. */
export function member(name: string, text: string | undefined): string {
  return text === undefined ? '' : `,"${name}":${text}`
}
