import { describe, expect, test } from 'vitest'
import { expectPromisesKept, runWith } from './failing-disk.ts'

const rounds = 6

describe.each(['written', 'durable'] as const)('until %s', (until) => {
  test('a sound disk keeps every promise', async () => {
    const { operations, broken } = await runWith(until, () => undefined, rounds)
    expect(broken).toEqual([])
    expect(operations.length).toBeGreaterThan(10)
  })

  test.each(['EIO', 'ENOSPC', 'short', 'hangs'] as const)('an operation fails, whichever: %s', async (fault) => {
    const faultFrom = (picked: number) => (_: unknown, at: number) => (at === picked ? fault : undefined)
    await expectPromisesKept(until, rounds, () => true, faultFrom)
  })

  test('an operation fails, whichever, and those that follow hang', async () => {
    const faultFrom = (picked: number) => (_: unknown, at: number) =>
      at === picked ? 'EIO' : at > picked && at < picked + 4 ? 'hangs' : undefined
    await expectPromisesKept(until, rounds, () => true, faultFrom)
  })

  test.each([
    ['segments.write', 'segments.truncate', 'EIO'],
    ['segments.write', 'segments.truncate', 'hangs'],
    ['segments.datasync', 'segments.datasync', 'EIO'],
  ] as const)('a %s fails, whichever, and then each %s: %s', async (begin, name, fault) => {
    const faultFrom = (picked: number) => (operation: { readonly name: string }, at: number) =>
      at === picked ? 'EIO' : at > picked && operation.name === name ? fault : undefined
    await expectPromisesKept(until, rounds, (operation) => operation === begin, faultFrom)
  })

  test.each(['EIO', 'hangs'] as const)('an operation and those that follow fail, whichever: %s', async (fault) => {
    const faultFrom = (picked: number) => (_: unknown, at: number) =>
      at >= picked && at < picked + 5 ? fault : undefined
    await expectPromisesKept(until, rounds, (_, index) => index % 3 === 0, faultFrom)
  })
})
