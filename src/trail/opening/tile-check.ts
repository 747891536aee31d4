import { join } from 'node:path'
import type { Disk } from '../disk.ts'
import type { Layout } from '../layout.ts'
import { hashLength, type Tile } from '../merkle.ts'
import { withFile } from '../small-file.ts'
import { tilePath } from '../tile-path.ts'
import { TileWriter } from '../tile-writer.ts'

/** Tiles that are kept until they may be written: 8 MiB of hashes, of 262,144 lines. */
const maxKept = 1_024

/** Compares tiles with those on the disk, and keeps those that are missing there or differ, up to a number. */
export class TileCheck {
  readonly #disk: Disk
  readonly #layout: Layout
  readonly #maxKept: number
  readonly wrong: Tile[] = []
  /** Whether more tiles are wrong than were kept. */
  overflowed = false

  constructor(disk: Disk, layout: Layout, most: number = maxKept) {
    this.#maxKept = most
    this.#disk = disk
    this.#layout = layout
  }

  async compare(tiles: readonly Tile[]): Promise<void> {
    await Promise.all(
      tiles.map(async (tile) => {
        if (await isOnDisk(this.#disk, this.#layout, tile)) return
        if (this.wrong.length < this.#maxKept) this.wrong.push(tile)
        else this.overflowed = true
      }),
    )
  }
}

/** Writes those tiles that are missing on the disk, or differ there. Gives how many. */
export async function writeWrongTiles(disk: Disk, layout: Layout, tiles: readonly Tile[]): Promise<number> {
  const writer = new TileWriter(disk, layout)
  let count = 0
  for (const tile of tiles) {
    if (await isOnDisk(disk, layout, tile)) continue
    await writer.writeAll([tile])
    count++
  }
  return count
}

async function isOnDisk(disk: Disk, layout: Layout, tile: Tile): Promise<boolean> {
  const path = join(layout.tiles, tilePath(tile.level, tile.index, tile.width))
  try {
    return await withFile(disk, path, 'read', async (file) => {
      const found = Buffer.allocUnsafe(tile.width * hashLength + 1)
      // A file gives less than asked for at its end only; what is not read at once is made again.
      const length = await file.read(found, 0)
      return found.subarray(0, length).equals(tile.hashes)
    })
  } catch {
    // Whatever cannot be read is made again from the lines.
    return false
  }
}
