import type { AuditRecord } from '../record/record.ts'
import type { SealedRecord } from '../record/sealed-record.ts'

/** What a destination expects of a record: its text, without a newline; undefined where it has no place for its kind. */
export type Format = (sealed: SealedRecord) => string | undefined

/** A formatter as an app gives it: the native record in, the text out. */
export type Formatter = (record: AuditRecord) => string
