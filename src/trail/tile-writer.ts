import { dirname, join } from 'node:path'
import { isSystemError } from '../lib/system-error.ts'
import type { Disk } from './disk.ts'
import type { Layout } from './layout.ts'
import { partialWidth, type Tile, tileWidth } from './merkle.ts'
import { withFile } from './small-file.ts'
import { tilePath } from './tile-path.ts'
import { writeAll } from './write-all.ts'

/** Puts tiles on the disk, and takes those away that wider ones stand in for. */
export class TileWriter {
  readonly #disk: Disk
  readonly #layout: Layout
  /** Directories that are there. */
  readonly #made = new Set<string>()

  constructor(disk: Disk, layout: Layout) {
    this.#disk = disk
    this.#layout = layout
    this.#made.add(layout.tiles)
  }

  /** Puts tiles on the disk, all at the same time. Rejects when all have ended and one of them failed. */
  async writeAll(tiles: readonly Tile[]): Promise<void> {
    const failed = (await Promise.allSettled(tiles.map((tile) => this.#write(tile)))).find(
      ({ status }) => status === 'rejected',
    )
    if (failed?.status === 'rejected') throw failed.reason
  }

  async #write({ level, index, width, hashes }: Tile): Promise<void> {
    const path = join(this.#layout.tiles, tilePath(level, index, width))
    await this.#makeDirectory(dirname(path))
    // Several are made at a time. They need no sync: what a power cut takes is made again from the lines.
    const made = join(this.#layout.control, `tile-${level}-${index}-${width}`)
    try {
      await withFile(this.#disk, made, 'create', async (file) => writeAll(file, hashes, 0))
      await this.#disk.rename(made, path)
    } catch (error) {
      await this.#disk.unlink(made).catch(() => undefined)
      throw error
    }
  }

  /** Removes the partial tiles that a tree of `before` leaves had, or may have left over, and one of `size` leaves does not need. */
  async tidy(before: number, size: number): Promise<void> {
    for (let level = 0; tileWidth ** level <= size; level++) {
      const last = Math.floor(size / tileWidth ** (level + 1))
      const first = Math.floor(before / tileWidth ** (level + 1))
      for (let index = first; index <= last; index++) {
        await this.#keepOnly(level, index, index === last ? partialWidth(size, level) : 0)
      }
    }
  }

  /** Keeps one partial tile of all with this index, or none where `width` is 0. */
  async #keepOnly(level: number, index: number, width: number): Promise<void> {
    const directory = dirname(join(this.#layout.tiles, tilePath(level, index, 1)))
    if ((await this.#disk.stat(directory)) === undefined) return
    for (const name of await this.#disk.list(directory)) {
      if (name !== String(width)) await this.#disk.unlink(join(directory, name))
    }
    if (width > 0) return
    await this.#disk.rmdir(directory)
    this.#made.delete(directory)
  }

  async #makeDirectory(path: string): Promise<void> {
    if (this.#made.has(path)) return
    await this.#makeDirectory(dirname(path))
    await this.#disk.mkdir(path).catch((error: unknown) => {
      if (!isSystemError(error, 'EEXIST')) throw error
    })
    this.#made.add(path)
  }
}
