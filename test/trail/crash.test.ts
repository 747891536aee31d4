import { expect, test } from 'vitest'
import { temporaryDirectory } from '../support/temporary.ts'
import { faultsOfKills } from './killed.ts'

test.each([
  ['node', 'written'],
  ['express', 'durable'],
  ['node', 'recorded-first'],
] as const)('a server on %s that is killed at work has the record of each answer: %s', async (framework, guarantee) => {
  const parent = temporaryDirectory()
  expect(await faultsOfKills({ framework, guarantee, kills: 5, seed: 1, parent })).toEqual([])
})

test('these kills show a server that answers before it has written', async () => {
  const settings = { framework: 'node', guarantee: 'written', isLate: true } as const
  const faults = await faultsOfKills({ ...settings, kills: 20, seed: 1, parent: temporaryDirectory() })
  expect(faults.join('\n')).toMatch(/was answered; it has 0 records/)
})
