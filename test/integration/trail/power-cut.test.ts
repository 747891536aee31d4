import { expect, test } from 'vitest'
import { recordChaos, recordRun } from '../../trail/power-cut-run.ts'
import { faultsOf, skippingNamesOfCheckpoints } from '../../trail/power-cuts.ts'

const seed = Number(process.env.TRAIL_SEED ?? 1)
const timeout = 1_200_000

test.each([seed, seed + 1, seed + 2])(
  'a trail whose power is cut at any change has every record that was durable, once: seed %i',
  { timeout },
  async (number) => {
    expect(await faultsOf(await recordRun({ seed: number }), { seed: number, verifyEvery: 10 })).toEqual([])
  },
)

test.each(Array.from({ length: 20 }, (_, number) => seed + number))(
  'so has one that lives several times on a disk that fails now and then: seed %i',
  { timeout },
  async (number) => {
    const journal = await recordChaos({ seed: number, lives: 6, faultRate: 0.12 })
    expect(await faultsOf(journal, { seed: number, every: 7, verifyEvery: 35 })).toEqual([])
  },
)

// An older checkpoint that comes back claims less, and its tiles are made again: no promise hangs on these syncs.
test('a trail may lose the name of its newest checkpoint', { timeout }, async () => {
  const journal = await recordRun({ seed, records: 90, around: skippingNamesOfCheckpoints() })
  expect(await faultsOf(journal, { seed, verifyEvery: 10 })).toEqual([])
})
