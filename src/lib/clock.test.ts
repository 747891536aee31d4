import { expect, test } from 'vitest'
import { isoTime } from './clock.ts'

test('times are written as toISOString writes them, whatever the order of calls', () => {
  for (const ms of [0, 1, 999, 1000, 1_764_061_200_123, 1_764_061_200_007, 1_764_061_199_999, 253_402_300_799_999])
    expect(isoTime(ms)).toBe(new Date(ms).toISOString())
})
