import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../../test/support/temporary.ts'
import { type Disk, disk } from './disk.ts'
import { segmentPath } from './layout.ts'
import { openReader, type TrailReader } from './read.ts'

const line = (leaf: number): string => `{"id":"${leaf}","text":"${'x'.repeat(1000)}"}`

/** The real disk, which counts the bytes that are read. */
function countingDisk(): { disk: Disk; bytes: () => number } {
  let bytes = 0
  const open: Disk['open'] = async (path, how) => {
    const file = await disk.open(path, how)
    const read: typeof file.read = async (into, position) => {
      const count = await file.read(into, position)
      bytes += count
      return count
    }
    return { ...file, read }
  }
  return { disk: { ...disk, open }, bytes: () => bytes }
}

async function leavesOf(reader: TrailReader, from: number, size: number): Promise<readonly number[]> {
  const leaves: number[] = []
  for await (const lines of reader.tail(from, size)) {
    for (const { leaf, line: bytes } of lines) {
      expect(bytes.toString()).toBe(line(leaf))
      leaves.push(leaf)
    }
  }
  return leaves
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

it('goes on where it ended without reading again what was before, also in the next segment, and can go back', async () => {
  const directory = temporaryDirectory()
  mkdirSync(join(directory, 'segments'))
  const write = (segment: number, from: number, to: number): void => {
    const text = range(from, to).map((leaf) => `${line(leaf)}\n`)
    appendFileSync(join(directory, segmentPath(segment)), text.join(''))
  }
  writeFileSync(join(directory, segmentPath(0)), '')
  write(0, 0, 2000)
  const counting = countingDisk()
  const reader = openReader(directory, counting.disk)
  expect(await leavesOf(reader, 1990, 1995)).toEqual(range(1990, 1995))

  const before = counting.bytes()
  expect(await leavesOf(reader, 1995, 2000)).toEqual(range(1995, 2000))
  write(0, 2000, 2010)
  write(2010, 2010, 2020)
  expect(await leavesOf(reader, 2000, 2015)).toEqual(range(2000, 2015))
  expect(await leavesOf(reader, 2015, 2020)).toEqual(range(2015, 2020))
  expect(counting.bytes() - before).toBeLessThan(100_000)

  expect(await leavesOf(reader, 3, 2012)).toEqual(range(3, 2012))
  expect(await leavesOf(reader, 0, 7)).toEqual(range(0, 7))
})
