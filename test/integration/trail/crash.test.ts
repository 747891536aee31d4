import { expect, test } from 'vitest'
import { temporaryDirectory } from '../../support/temporary.ts'
import { faultsOfKills } from '../../trail/killed.ts'

/** How many times servers are killed, over all of them; `npm run soak` does so more often. */
const kills = Number(process.env.TRAIL_KILLS ?? 200)
const seed = Number(process.env.TRAIL_SEED ?? 20_261_125)
const frameworks = ['node', 'express'] as const
const guarantees = ['written', 'durable', 'recorded-first'] as const
const each = Math.ceil(kills / frameworks.length / guarantees.length)

test.each(guarantees)(
  'servers that are killed at work, again and again, have the record of each answer, once: %s',
  { timeout: 30_000 * each },
  async (guarantee) => {
    const faults = await Promise.all(
      frameworks.map((framework) =>
        faultsOfKills({ framework, guarantee, kills: each, seed, parent: temporaryDirectory() }),
      ),
    )
    expect(faults).toEqual([[], []])
  },
)

test.each(guarantees)('so have servers whose disk fails now and then: %s', { timeout: 900_000 }, async (guarantee) => {
  const settings = { framework: 'node', guarantee, faultRate: 0.02 } as const
  expect(await faultsOfKills({ ...settings, kills: 25, seed, parent: temporaryDirectory() })).toEqual([])
})
