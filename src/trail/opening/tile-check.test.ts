import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { trailPath } from '../../../test/support/opened.ts'
import { buildTrail, leafHash, recordLines, tilesOfLeaves } from '../../../test/support/trail-builder.ts'
import { disk } from '../disk.ts'
import { layoutOf } from '../layout.ts'
import { mend } from './mend.ts'
import { scanLines } from './scan.ts'
import { TileCheck } from './tile-check.ts'

it('tiles are made again also where more are wrong than are kept in memory', async () => {
  const trail = buildTrail(trailPath(), { lines: recordLines(1300), segmentsAt: [0, 700] })
  rmSync(join(trail.directory, 'tile'), { recursive: true })
  const layout = layoutOf(trail.directory)
  const tiles = new TileCheck(disk, layout, 2)
  const scan = await scanLines(disk, layout, 1300, (full) => tiles.compare(full))
  expect(tiles).toMatchObject({ overflowed: true, wrong: { length: 2 } })
  const { tiles: made } = await mend(disk, layout, { scan, tiles })
  const expected = tilesOfLeaves(trail.lines.map(leafHash))
  expect(made).toBe(expected.size)
  for (const [path, hashes] of expected) expect(readFileSync(join(layout.tiles, path))).toEqual(hashes)
})
