import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isChange, operated } from '../../test/support/disk-operations.ts'
import { contentsOf, trailPath } from '../../test/support/opened.ts'
import {
  type BuiltTrail,
  buildTrail,
  leafHash,
  recordLines,
  rootOf,
  segmentPathOf,
  tilesOfLeaves,
} from '../../test/support/trail-builder.ts'
import { type Disk, disk } from './disk.ts'
import { inclusionPath } from './proof.ts'
import { openReader } from './read.ts'

async function linesOf(trail: BuiltTrail, from: number, size: number): Promise<(readonly [number, string])[]> {
  const found: (readonly [number, string])[] = []
  for await (const lines of openReader(trail.directory).tail(from, size)) {
    for (const { leaf, line } of lines) found.push([leaf, line.toString()])
  }
  return found
}

function numbered(trail: BuiltTrail, from: number, size: number): (readonly [number, string])[] {
  return trail.lines.slice(from, size).map((line, index) => [from + index, line])
}

describe('a reader', () => {
  it('tells what the trail is, and its newest checkpoint', async () => {
    const trail = buildTrail(trailPath(), { lines: recordLines(20), checkpointAt: 15 })
    const reader = openReader(trail.directory)
    const { origin, verifierKey, trailHash } = trail
    expect(await reader.header()).toMatchObject({ origin, keys: [verifierKey], hash: trailHash })
    expect(await reader.checkpoint()).toEqual({
      bytes: readFileSync(join(trail.directory, 'checkpoint')),
      origin,
      size: 15,
      root: rootOf(trail.lines.slice(0, 15).map(leafHash)),
    })
  })

  it('changes nothing, and opens nothing to write', async () => {
    const trail = buildTrail(trailPath(), { lines: recordLines(600), segmentsAt: [0, 100] })
    const before = contentsOf(trail.directory)
    const watched = operated(disk, trail.directory, (operation, run) => {
      if (isChange(operation) || operation.what === 'open') throw new Error(operation.name)
      return run()
    })
    const reader = openReader(trail.directory, watched)
    await reader.header()
    await reader.checkpoint()
    for await (const lines of reader.tail(0, 600)) expect(lines.length).toBeGreaterThan(0)
    await inclusionPath(5, 600, reader.hashAt)
    expect(contentsOf(trail.directory)).toEqual(before)
  })

  it.each([
    [0, 3000],
    [0, 0],
    [5, 5],
    [99, 101],
    [100, 101],
    [2999, 3000],
    [150, 2800],
  ])('gives the lines from %i up to %i, across segments', async (from, size) => {
    const trail = buildTrail(trailPath(), { lines: recordLines(3000), segmentsAt: [0, 100, 200, 2900] })
    expect(await linesOf(trail, from, size)).toEqual(numbered(trail, from, size))
  })

  it('gives lines that stay as they are', async () => {
    const trail = buildTrail(trailPath(), { lines: recordLines(5000) })
    const kept = []
    for await (const lines of openReader(trail.directory).tail(0, 5000)) kept.push(...lines)
    expect(kept.map(({ line }) => line.toString())).toEqual(trail.lines)
  })

  it('leaves out what is behind the last line of an earlier segment', async () => {
    const trail = buildTrail(trailPath(), { lines: recordLines(20), segmentsAt: [0, 10] })
    appendFileSync(join(trail.directory, segmentPathOf(0)), `${trail.lines[10]}\n${trail.lines[19]}\n{"id":`)
    expect(await linesOf(trail, 0, 20)).toEqual(numbered(trail, 0, 20))
    expect(await linesOf(trail, 9, 11)).toEqual(numbered(trail, 9, 11))
  })

  it('gives whole lines while one is being written', async () => {
    const trail = buildTrail(trailPath(), { lines: recordLines(20), tail: '{"id":"half' })
    expect(await linesOf(trail, 0, 20)).toEqual(numbered(trail, 0, 20))
  })

  it('says which line is missing', async () => {
    const trail = buildTrail(trailPath(), { lines: recordLines(20), segmentsAt: [0, 5, 10] })
    await expect(linesOf(trail, 0, 21)).rejects.toMatchObject({ code: 'TRAIL_NOT_READ', message: /line 20 is missing/ })
    rmSync(join(trail.directory, segmentPathOf(5)))
    await expect(linesOf(trail, 0, 20)).rejects.toMatchObject({ code: 'TRAIL_NOT_READ', message: /line 5 is missing/ })
    expect(await linesOf(trail, 10, 20)).toEqual(numbered(trail, 10, 20))
  })

  it.each([
    ['trail.json', (trail: BuiltTrail) => openReader(trail.directory).header()],
    ['checkpoint', (trail: BuiltTrail) => openReader(trail.directory).checkpoint()],
  ])('says that %s is missing, or not of its form', async (name, read) => {
    const trail = buildTrail(trailPath())
    for (const text of ['', '{}\n', 'x'.repeat(2_000_000)]) {
      writeFileSync(join(trail.directory, name), text)
      await expect(read(trail)).rejects.toMatchObject({ code: 'TRAIL_NOT_READ', message: /not of its form/ })
    }
    rmSync(join(trail.directory, name))
    await expect(read(trail)).rejects.toMatchObject({ code: 'TRAIL_NOT_READ', message: /missing/ })
    mkdirSync(join(trail.directory, name))
    await expect(read(trail)).rejects.toMatchObject({ code: 'TRAIL_NOT_READ' })
  })

  it('says that a newer format is one', async () => {
    const trail = buildTrail(trailPath())
    writeFileSync(join(trail.directory, 'trail.json'), '{"format":2}\n')
    await expect(openReader(trail.directory).header()).rejects.toMatchObject({ code: 'TRAIL_VERSION_UNKNOWN' })
  })
})

describe('hashes from tiles', () => {
  it('are the roots of complete subtrees, of each height', async () => {
    const trail = buildTrail(trailPath(), { lines: recordLines(1300) })
    const { hashAt } = openReader(trail.directory)
    const leaves = trail.lines.map(leafHash)
    for (const [height, index] of [
      [0, 0],
      [0, 1299],
      [0, 256],
      [2, 324],
      [4, 80],
      [7, 9],
      [8, 4],
      [9, 1],
      [10, 0],
    ] as const) {
      const [start, end] = [index * 2 ** height, (index + 1) * 2 ** height]
      expect([height, index, await hashAt(height, index)]).toEqual([height, index, rootOf(leaves.slice(start, end))])
    }
    await expect(hashAt(0, 1300)).rejects.toMatchObject({ code: 'TRAIL_NOT_READ' })
    await expect(hashAt(8, 5)).rejects.toMatchObject({ code: 'TRAIL_NOT_READ' })
  })

  it.each([
    ['a wider tile', 'tile/0/000.p/44'],
    ['the full one', 'tile/0/000'],
  ])('are found when a partial tile gives way to %s while it is read', async (_, wider) => {
    const trail = buildTrail(trailPath(), { lines: recordLines(300), checkpointAt: 40 })
    const hashes = tilesOfLeaves(trail.lines.slice(0, wider === 'tile/0/000' ? 256 : 44).map(leafHash))
    const replacing: Disk = {
      ...disk,
      open: async (path, how) => {
        if (path.endsWith('000.p/40')) {
          writeFileSync(join(trail.directory, wider), [...hashes.values()][0] as Buffer)
          rmSync(path, { force: true })
        }
        return disk.open(path, how)
      },
    }
    const found = await openReader(trail.directory, replacing).hashAt(3, 4)
    expect(found).toEqual(rootOf(trail.lines.slice(32, 40).map(leafHash)))
  })
})
