import type { SealedRecord } from '../record/sealed-record.ts'
import type { Format } from './format.ts'

/** Lines and the records they are of, side by side. */
export interface Formatted {
  readonly lines: readonly string[]
  readonly records: readonly SealedRecord[]
}

/** All records in a format, but for those that it has no place for. */
export function formatAll(format: Format, records: readonly SealedRecord[]): Formatted {
  const texts = records.map(format)
  if (texts.every((text) => text !== undefined)) return { lines: texts, records }
  return {
    lines: texts.filter((text) => text !== undefined),
    records: records.filter((_record, index) => texts[index] !== undefined),
  }
}
