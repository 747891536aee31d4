import type { AuditRecord } from '../record/record.ts'
import { type MemorySink, matches, patienceMs } from './memory-sink.ts'

/** A record of which only some parts are named; text may be a pattern. */
export type PartialRecord = { readonly [Name in keyof AuditRecord]?: PartialPart<AuditRecord[Name]> | undefined }

type PartialPart<Part> = Part extends string
  ? Part | RegExp
  : Part extends readonly unknown[]
    ? Part
    : { readonly [Name in keyof Part]?: PartialPart<Part[Name]> }

/**
 * Waits until a record was kept that has all that is named, and gives it; arrays must be equal, text may be a pattern.
 * Rejects after `timeoutMs` (2,000, which is less than test runners give a test) with the records that were kept instead, for any test runner to show.
 *
 * @example
 * await expectAudited(sink, { http_request: { method: 'DELETE' }, user: { email: 'jane@example.org' }, outcome: 'success' })
 */
export async function expectAudited(
  sink: MemorySink,
  partial: PartialRecord,
  timeoutMs: number = patienceMs,
): Promise<AuditRecord> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const found = sink.records.find((record) => matches(record, partial))
    if (found !== undefined) return found
    const left = deadline - Date.now()
    try {
      await sink.waitFor(sink.records.length + 1, Math.max(1, left))
    } catch {
      throw new Error(
        `No record has ${describe(partial)}. There are: ${sink.records.map(describe).join('\n') || 'none'}`,
      )
    }
  }
}

function describe(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => (part instanceof RegExp ? String(part) : part))
}
