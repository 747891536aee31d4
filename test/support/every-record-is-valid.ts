/*
 * Checks every record that any test makes against the JSON Schema of the package: a setup file of vitest. A record that
 * is not valid, or longer than a record may be, fails the test that made it.
 */
import { Ajv } from 'ajv'
import { afterEach, expect, vi } from 'vitest'
import schema from '../../src/record/record.schema.json' with { type: 'json' }
import type { RecordParts } from '../../src/record/record-line.ts'
import type { TrailRecordParts } from '../../src/record/trail-record.ts'

/** As documented, and so not taken from what is tested. */
const MAX_RECORD_BYTES = 65_502

const isValid = new Ajv().compile(schema)
const faults: string[] = []

vi.mock('../../src/record/record-line.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../src/record/record-line.ts')>()
  return {
    ...original,
    sealRecord(parts: RecordParts) {
      const sealed = original.sealRecord(parts)
      check(sealed.line)
      return sealed
    },
  }
})

vi.mock('../../src/record/trail-record.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../src/record/trail-record.ts')>()
  return {
    ...original,
    sealTrailRecord(parts: TrailRecordParts) {
      const sealed = original.sealTrailRecord(parts)
      check(sealed.line)
      return sealed
    },
  }
})

function check(line: string): void {
  if (Buffer.byteLength(line) > MAX_RECORD_BYTES) faults.push(`too long: ${line.slice(0, 200)}…`)
  // JSON.parse takes these; a line may not have them.
  if (/[\u2028\u2029\p{Cc}]|\p{Surrogate}/u.test(line)) faults.push(`not one clean line: ${JSON.stringify(line)}`)
  try {
    if (!isValid(JSON.parse(line))) faults.push(`${JSON.stringify(isValid.errors)}: ${line}`)
  } catch (error) {
    faults.push(`${String(error)}: ${line}`)
  }
}

afterEach(() => {
  expect(faults.splice(0), 'records that are not valid').toEqual([])
})
