import { expect, it } from 'vitest'
import { GrowingTrail } from '../../../test/cli/growing-trail.ts'
import { ownLine, withNonce } from '../../../test/support/trail-builder.ts'
import { layoutOf } from '../../trail/layout.ts'
import { openReader } from '../../trail/read.ts'
import type { Patient } from './finding.ts'
import { recordsCheck } from './records.ts'

const now = Date.parse('2026-11-25T09:20:00.000Z')
const recovery = { size: 1, torn_bytes: 0, tiles: 0, interrupted: 0 }

/** A trail with a recovery behind some exchanges, all of a few minutes ago, and some more behind it. */
function patientWith(before: number, behind: number): Patient {
  const trail = new GrowingTrail()
  trail.exchanges(before)
  trail.write(withNonce(ownLine(trail.size, 'recovery', { recovery })))
  trail.exchanges(behind)
  trail.checkpoint()
  const holder = { state: 'alive', mayWrite: true, name: 'somebody' } as const
  return { layout: layoutOf(trail.directory), reader: openReader(trail.directory), holder, successors: [], now }
}

it.each([
  ['in the last 7 days', 5, 0, 100],
  ['in the last 7 days', 5, 3, 9 + 1],
  ['in the last 5 records', 5, 3, 5],
] as const)(
  'says which records it looked at: %s, of %i and a recovery and %i, at most %i',
  async (since, before, behind, most) => {
    const [found] = await recordsCheck(most)(patientWith(before, behind))
    expect(found?.what).toBe(`${since} 1 recovery, 0 interrupted exchanges`)
  },
)

it('does not tell of what it has not looked at', async () => {
  expect(await recordsCheck(2)(patientWith(5, 3))).toEqual([])
})

it('does not tell of what is older than 7 days', async () => {
  const patient = patientWith(5, 3)
  expect(await recordsCheck(100)({ ...patient, now: now + 8 * 24 * 3_600_000 })).toEqual([])
})
