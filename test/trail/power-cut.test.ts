import { describe, expect, test } from 'vitest'
import type { Around } from '../support/disk-operations.ts'
import { recordDeathOnFailingDisk, recordRun } from './power-cut-run.ts'
import { faultsOf, skipping, tooEarly } from './power-cuts.ts'

const seed = Number(process.env.TRAIL_SEED ?? 20_261_125)
const timeout = 600_000

test('a trail whose power is cut at any change has every record that was durable, once, and nothing foreign', {
  timeout,
}, async () => {
  const journal = await recordRun({ seed, records: 90 })
  expect(await faultsOf(journal, { seed, verifyEvery: 10 })).toEqual([])
})

test('a trail that was written while no sync worked loses nothing that was found in it later', {
  timeout,
}, async () => {
  const journal = await recordDeathOnFailingDisk({ seed })
  expect(await faultsOf(journal, { seed })).toEqual([])
})

/** Each leaves out a sync, or does not wait for it; and what comes of it. */
const mutants: [string, Around, RegExp][] = [
  ['does not sync its segments', skipping(/^segments\.datasync/), /is lost/],
  ['does not sync the directory of its segments', skipping(/^segments\.syncDirectory/), /is lost/],
  ['does not sync its checkpoint', skipping(/^control\/checkpoint\.datasync/), /TRAIL_NOT_CONTINUED/],
  ['does not sync trail.json', skipping(/^control\/trail\.json\.datasync/), /TRAIL_NOT_CONTINUED/],
  ['does not sync its own directory', skipping(/^root\.syncDirectory/), /is lost/],
  ['does not sync the directory that it is in', skipping(/^parent\.syncDirectory/), /is lost/],
  ['releases records before they are on disk', tooEarly, /is lost/],
]

describe('these cuts show a trail that', () => {
  test.each(mutants)('%s', { timeout }, async (_, around, fault) => {
    const found = await faultsOf(await recordRun({ seed, records: 90, around }), { seed, until: fault })
    expect(found.join('\n')).toMatch(fault)
  })
})
