import { join } from 'node:path'
import type { Disk, DiskFile } from '../disk.ts'
import { type Layout, segmentPath } from '../layout.ts'
import { type Tile, tileWidth } from '../merkle.ts'
import { readFull, withFile } from '../small-file.ts'
import { tilePath } from '../tile-path.ts'
import { TrailFailure } from '../trail-failure.ts'
import { writeAll } from '../write-all.ts'
import type { Inspection } from './inspect.ts'
import { bytesName } from './line-facts.ts'
import { type Scan, type Stray, scanLines } from './scan.ts'
import { type Damage, DamageRoom } from './set-aside.ts'
import { type FoundTile, makeRoom, survey } from './tidy.ts'
import { writeWrongTiles } from './tile-check.ts'

const pieceBytes = 256 * 1024

/** What was done to a trail so that it can be continued. */
export interface Mended {
  readonly tornBytes: number
  /** Tiles that were made again. */
  readonly tiles: number
  /** All that was set aside and that no record tells of yet. */
  readonly damages: readonly Damage[]
  /** The last segment: the index of its first line, and its size in bytes. */
  readonly segment: { readonly first: number; readonly bytes: number }
}

/** Makes a trail whole that can be continued. May be interrupted anywhere, and done again after another inspection. */
export async function mend(disk: Disk, layout: Layout, { scan, tiles }: Inspection): Promise<Mended> {
  await makeRoom(disk, layout)
  const room = new DamageRoom(disk, layout, scan.facts.namedFiles)
  const found = await survey(disk, layout)
  for (const path of found.strangers) await room.move(path)
  let tornBytes = 0
  for (const stray of scan.strays) tornBytes += await cut(disk, layout, room, scan, stray)
  const first = await lastSegment(disk, layout, scan)
  const made = await mendTiles(disk, layout, { scan, tiles })
  await removeTiles(disk, layout, scan, room, found.tiles)
  return { tornBytes, tiles: made, damages: await room.untold(), segment: { first, bytes: scan.lastEnd } }
}

/** Cuts off bytes that belong to no line, which are kept unless they are the beginning of one. Gives the bytes of a torn line. */
async function cut(disk: Disk, layout: Layout, room: DamageRoom, scan: Scan, stray: Stray): Promise<number> {
  const { first, offset, bytes, kind } = stray
  const path = segmentPath(first)
  const isKnown = first !== scan.lastFirst && scan.facts.namedBytes.has(bytesName(path, offset, bytes))
  if (isKnown) return 0
  if (kind === 'malformed') await room.copy(path, offset, bytes)
  await withFile(disk, layout.segment(first), 'write', async (file) => {
    await file.truncate(offset)
    await file.datasync()
  })
  return kind === 'torn' ? bytes : 0
}

/** Makes the last segment durable, or the first one where there is none. Gives its index. */
async function lastSegment(disk: Disk, layout: Layout, scan: Scan): Promise<number> {
  const first = scan.lastFirst ?? 0
  const how = scan.lastFirst === undefined ? 'create' : 'write'
  const proven = scan.atCheckpoint?.lastFirst === first ? scan.atCheckpoint.lastEnd : 0
  await withFile(disk, layout.segment(first), how, async (file) => {
    // A sync that failed in the process before may have left them in memory, for no later sync to take to the disk.
    await writeAgain(file, proven, scan.lastEnd)
    await file.datasync()
  })
  await disk.syncDirectory(layout.segments)
  return first
}

/** Writes the bytes of a file from an offset to another in their place, as they are. */
async function writeAgain(file: DiskFile, from: number, to: number): Promise<void> {
  const piece = Buffer.allocUnsafe(pieceBytes)
  for (let done = from; done < to; ) {
    const bytes = piece.subarray(0, Math.min(piece.length, to - done))
    const length = await readFull(file, bytes, done)
    if (length < bytes.length) throw new TrailFailure('the segment became shorter while it was mended')
    writeAll(file, bytes, done)
    done += length
  }
}

async function mendTiles(disk: Disk, layout: Layout, { scan, tiles }: Inspection): Promise<number> {
  let made = await writeWrongTiles(disk, layout, [...tiles.wrong, ...neededPartialTiles(scan)])
  if (!tiles.overflowed) return made
  // Too many were wrong to be kept: the lines are read once more.
  await scanLines(disk, layout, scan.tree.size, async (full) => {
    made += await writeWrongTiles(disk, layout, full)
  })
  return made
}

/** The partial tiles of the checkpoint that no full one stands in for. */
function neededPartialTiles(scan: Scan): Tile[] {
  const partial = scan.atCheckpoint?.partialTiles ?? []
  return partial.filter(({ level, index }) => index >= fullTiles(scan, level))
}

/** Takes away partial tiles that the checkpoint does not need, which may be wrong, and full ones ahead of the lines. */
async function removeTiles(
  disk: Disk,
  layout: Layout,
  scan: Scan,
  room: DamageRoom,
  found: readonly FoundTile[],
): Promise<void> {
  const needed = new Set(neededPartialTiles(scan).map(({ level, index, width }) => tilePath(level, index, width)))
  for (const { path, level, index, width } of found) {
    if (width < tileWidth) {
      if (!needed.has(tilePath(level, index, width))) await disk.unlink(join(layout.directory, path))
    } else if (index >= fullTiles(scan, level)) await room.move(path)
  }
}

/** How many full tiles of a level the lines fill. */
function fullTiles(scan: Scan, level: number): number {
  return Math.floor(scan.tree.size / tileWidth ** (level + 1))
}
