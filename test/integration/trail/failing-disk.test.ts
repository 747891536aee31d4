import { describe, test } from 'vitest'
import { expectPromisesKept } from '../../trail/failing-disk.ts'

const rounds = 16

describe.each(['written', 'durable'] as const)('until %s', (until) => {
  test.each(['EIO', 'ENOSPC', 'EDQUOT', 'short', 'hangs'] as const)('each operation in its turn: %s', async (fault) => {
    const faultFrom = (picked: number) => (_: unknown, at: number) => (at === picked ? fault : undefined)
    await expectPromisesKept(until, rounds, () => true, faultFrom)
  })

  test.each([2, 3, 7, 30])('each operation and those that follow, %i in all', async (count) => {
    for (const fault of ['EIO', 'ENOSPC', 'hangs'] as const) {
      const faultFrom = (picked: number) => (_: unknown, at: number) =>
        at >= picked && at < picked + count ? fault : undefined
      await expectPromisesKept(until, rounds, () => true, faultFrom)
    }
  })

  test.each([2, 4, 8])('each operation fails, and those that follow hang, %i in all', async (count) => {
    const faultFrom = (picked: number) => (_: unknown, at: number) =>
      at === picked ? 'EIO' : at > picked && at < picked + count ? 'hangs' : undefined
    await expectPromisesKept(until, rounds, () => true, faultFrom)
  })

  test.each([
    'segments.write',
    'segments.datasync',
    'control/segment.create',
    'segments.truncate',
    'segments.syncDirectory',
    'segments.rename',
    'root.syncDirectory',
    'checkpoint.rename',
    'tile.rename',
    'control/checkpoint.create',
  ])('a write or a sync fails, and then all of a kind: %s', async (name) => {
    for (const begin of ['segments.write', 'segments.datasync']) {
      for (const fault of ['EIO', 'hangs'] as const) {
        const faultFrom = (first: number) => (operation: { readonly name: string }, at: number) =>
          at === first ? 'EIO' : at > first && operation.name === name ? fault : undefined
        await expectPromisesKept(until, rounds, (operation) => operation === begin, faultFrom)
      }
    }
  })
})
