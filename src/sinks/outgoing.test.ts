import { expect, test } from 'vitest'
import { Outgoing } from './outgoing.ts'

test('lines that wait for a slow reader stay what they are, whatever goes out elsewhere meanwhile', () => {
  const waiting = new Outgoing(['first', 'second'])
  const busy = (): number => {
    throw new Error('EAGAIN')
  }
  expect(() => waiting.writeTo(busy, Number.POSITIVE_INFINITY)).toThrow('EAGAIN')
  expect(written(new Outgoing(['of another destination']))).toBe('of another destination\n')
  expect(written(waiting)).toBe('first\nsecond\n')
})

test('any text goes out as UTF-8, however long', () => {
  for (const lines of [['café', '😀'], ['é'.repeat(400_000), 'b'], []])
    expect(written(new Outgoing(lines))).toBe(lines.map((line) => `${line}\n`).join(''))
})

/** Taken a few bytes at a time. */
function written(outgoing: Outgoing): string {
  const taken: Buffer[] = []
  outgoing.writeTo((bytes, offset, length) => {
    const count = Math.min(length, 100_003)
    taken.push(Buffer.from(bytes.subarray(offset, offset + count)))
    return count
  }, Number.POSITIVE_INFINITY)
  return Buffer.concat(taken).toString()
}
