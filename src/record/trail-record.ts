import { isoTime } from '../lib/clock.ts'
import { jsonText } from './fit.ts'
import type { Json, TrailKind } from './record.ts'
import { member, sealLine } from './record-line.ts'
import type { SealedRecord } from './sealed-record.ts'

/** What a record of a trail's own kind is made of: plain values, and JSON texts that were redacted already. */
export interface TrailRecordParts {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly time: number
  /** The logger's name, as JSON text. */
  readonly logger: string
  readonly kind: TrailKind
  /** The id of the exchange's record, on the kinds that belong to one. */
  readonly exchange?: string | undefined
  readonly request?: string | undefined
  readonly user?: string | undefined
  /** What the member named as the kind holds; none on an intent. */
  readonly body?: Json | undefined
}

/** Seals a record of a trail's own kind, cut to the largest size where it must be; what such records hold is in docs/format.md. */
export function sealTrailRecord(parts: TrailRecordParts): SealedRecord {
  const { id, time, logger, kind, exchange, request, user, body } = parts
  const line = `{"id":"${id}","time":"${isoTime(time)}","logger":${logger},"kind":"${kind}"${
    exchange === undefined ? '' : `,"exchange":"${exchange}"`
  }${member('http_request', request)}${member('user', user)}${member(kind, body === undefined ? undefined : jsonText(body))}}`
  return sealLine(id, line)
}
