import { expect, test } from 'vitest'
import { temporaryDirectory } from '../../support/temporary.ts'
import { verifyWhileWritten } from '../../trail/honest.ts'

test('200 trails that are verified while they are written always pass', { timeout: 600_000 }, async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const { faults, grown } = await verifyWhileWritten({ trails: 40, seed, parent: temporaryDirectory() })
    expect(faults).toEqual([])
    expect(grown).toBeGreaterThan(20)
  }
})
