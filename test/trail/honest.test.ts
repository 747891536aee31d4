import { expect, test } from 'vitest'
import { temporaryDirectory } from '../support/temporary.ts'
import { verifyWhileWritten } from './honest.ts'

test('trails that are verified while they are written always pass', async () => {
  const { faults, verified, grown } = await verifyWhileWritten({ trails: 20, seed: 1, parent: temporaryDirectory() })
  expect(faults).toEqual([])
  expect(verified).toBeGreaterThan(20)
  expect(grown).toBeGreaterThan(10)
})
