import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../../test/support/temporary.ts'
import { type DiskFile, disk } from './disk.ts'
import { withFile } from './small-file.ts'
import { readLines } from './split-lines.ts'

async function linesIn(file: DiskFile, offset = 0): Promise<string[]> {
  const found: string[] = []
  for await (const lines of readLines(file, offset)) found.push(...lines.map(String))
  return found
}

/** A file that gives as many bytes at a time as the numbers say, in turn. */
function drip(bytes: Buffer, counts: readonly number[]): Pick<DiskFile, 'read'> {
  let turn = 0
  return {
    read: async (into, position) => {
      const count = counts[turn++ % counts.length] ?? 1
      return bytes.copy(into, 0, position, Math.min(position + count, position + into.length))
    },
  }
}

function inFile<Result>(bytes: Buffer | string, use: (file: DiskFile) => Promise<Result>): Promise<Result> {
  const path = join(temporaryDirectory(), 'lines')
  writeFileSync(path, bytes)
  return withFile(disk, path, 'read', use)
}

it('gives each line that has an end, from the offset on', async () => {
  expect(await inFile('', linesIn)).toEqual([])
  expect(await inFile('one', linesIn)).toEqual([])
  expect(await inFile('one\n\nthree\nfo', linesIn)).toEqual(['one', '', 'three'])
  expect(await inFile('one\ntwo\n', (file) => linesIn(file, 4))).toEqual(['two'])
})

it('gives the same lines however they come in pieces', async () => {
  const lines = fc.array(fc.stringMatching(/^[a-zé]{0,20}$/), { maxLength: 50 })
  const counts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(lines, counts, fc.string({ maxLength: 5 }), async (all, pieces, tail) => {
      const bytes = Buffer.from(all.map((line) => `${line}\n`).join('') + tail.replaceAll('\n', ''))
      expect(await linesIn(drip(bytes, pieces) as DiskFile)).toEqual(all)
    }),
  )
})

it('gives lines of the largest size across pieces, and ends before one that is larger', async () => {
  const line = 'x'.repeat(65_535)
  const text = `${line}\n`.repeat(20)
  expect(await inFile(text, linesIn)).toEqual(new Array(20).fill(line))
  for (const before of [0, 3, 4]) {
    const tooLong = `${text.slice(0, before * 65_536)}${line}x\nshort\n`
    expect(await inFile(tooLong, linesIn)).toEqual(new Array(before).fill(line))
  }
  expect(await inFile(Buffer.alloc(1_000_000), linesIn)).toEqual([])
})

it('rejects with what the system says, and only where it is got to', async () => {
  const bytes = Buffer.from('one\ntwo\n')
  const failing = {
    read: async (into: Uint8Array, position: number) => {
      if (position > 0) throw new Error('broken')
      return bytes.copy(into, 0)
    },
  } as DiskFile
  await expect(linesIn(failing)).rejects.toThrow('broken')
  for await (const lines of readLines(failing, 0)) {
    expect(lines.map(String)).toEqual(['one', 'two'])
    break
  }
})
