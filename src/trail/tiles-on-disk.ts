import { join } from 'node:path'
import { unlessMissing } from '../lib/system-error.ts'
import type { Disk } from './disk.ts'
import type { Layout } from './layout.ts'
import { hashLength, tileWidth } from './merkle.ts'
import { type HashAt, hashesFromTiles } from './proof.ts'
import { readFull, withFile } from './small-file.ts'
import { tilePath } from './tile-path.ts'
import { TrailFailure } from './trail-failure.ts'

/** A partial tile may be replaced by a wider one between looking for it and reading it. */
const attempts = 10

/** The roots of complete subtrees, from whichever tiles on the disk have their hashes. Rejects where none does. */
export function hashesOnDisk(disk: Disk, layout: Layout): HashAt {
  return hashesFromTiles((level, index, needed) => readTile(disk, layout, level, index, needed))
}

/** The first `needed` hashes of a tile. */
async function readTile(disk: Disk, layout: Layout, level: number, index: number, needed: number): Promise<Buffer> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    for (const width of [tileWidth, ...(await partialWidths(disk, layout, level, index))]) {
      if (width < needed) continue
      const found = await readIfThere(disk, join(layout.tiles, tilePath(level, index, width)), needed * hashLength)
      if (found !== undefined) return found
    }
  }
  throw new TrailFailure(`there is no tile with ${needed} hashes at ${tilePath(level, index)}`)
}

async function partialWidths(disk: Disk, layout: Layout, level: number, index: number): Promise<number[]> {
  const names = await unlessMissing(disk.list(join(layout.tiles, `${tilePath(level, index)}.p`)))
  return (names ?? []).map(Number).filter((width) => width >= 1 && width < tileWidth)
}

async function readIfThere(disk: Disk, path: string, bytes: number): Promise<Buffer | undefined> {
  return unlessMissing(
    withFile(disk, path, 'read', async (file) => {
      const hashes = Buffer.alloc(bytes)
      if ((await readFull(file, hashes, 0)) < bytes) throw new TrailFailure(`${path} is too short`)
      return hashes
    }),
  )
}
