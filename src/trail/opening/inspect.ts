import { join } from 'node:path'
import type { Checkpoint } from '../checkpoint.ts'
import type { Disk } from '../disk.ts'
import type { Layout } from '../layout.ts'
import { objectOf } from '../line.ts'
import { readSmall } from '../small-file.ts'
import { type Scan, scanLines } from './scan.ts'
import { TileCheck } from './tile-check.ts'

const maxCursorBytes = 65_536

/** A trail that can be continued, as it was found. */
export interface Inspection {
  readonly scan: Scan
  readonly tiles: TileCheck
}

/** Reads all lines and tiles, and changes nothing. Gives the reason where the trail cannot be continued from its checkpoint. */
export async function inspect(disk: Disk, layout: Layout, checkpoint: Checkpoint): Promise<Inspection | string> {
  const tiles = new TileCheck(disk, layout)
  const scan = await scanLines(disk, layout, checkpoint.size, (full) => tiles.compare(full))
  if (scan.fault !== undefined) return scan.fault
  const { size } = scan.tree
  if (scan.atCheckpoint === undefined) return `it has ${size} lines, and its checkpoint is of ${checkpoint.size}`
  if (!scan.atCheckpoint.root.equals(checkpoint.root)) return 'its lines are not those of its checkpoint'
  const cursor = await cursorAhead(disk, layout, size)
  return cursor === undefined ? { scan, tiles } : `cursors/${cursor} is ahead of its ${size} lines`
}

/** The name of a cursor that counts more lines than there are. What is no cursor says nothing. */
async function cursorAhead(disk: Disk, layout: Layout, size: number): Promise<string | undefined> {
  if ((await disk.stat(layout.cursors))?.kind !== 'directory') return undefined
  for (const name of await disk.list(layout.cursors)) {
    if (!name.endsWith('.json')) continue
    const bytes = await readSmall(disk, join(layout.cursors, name), maxCursorBytes)
    const cursor = bytes instanceof Buffer ? objectOf(bytes) : undefined
    if (typeof cursor?.size === 'number' && cursor.size > size) return name
  }
  return undefined
}
