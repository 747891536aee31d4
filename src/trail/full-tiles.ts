import type { Disk } from './disk.ts'
import type { Layout } from './layout.ts'
import { hashLeaf, type Tile, Tree } from './merkle.ts'
import { openReader } from './read.ts'
import type { TileWriter } from './tile-writer.ts'
import { TrailFailure } from './trail-failure.ts'

/** Each takes some turns of the event loop, and one of the threads that a sync needs as well. */
const tilesAtATime = 8
/** 8 MiB of hashes, of 262,144 lines. */
const maxWaiting = 1_024

/** A tree as it was at a size. */
export interface TreeState {
  readonly size: number
  readonly root: Buffer
  readonly partial: readonly Tile[]
}

/**
 * The full tiles of a tree on their way to the disk. Up to a number wait in memory; where there are more, because the disk does not take them, they are
 * dropped, and made again from the lines as soon as it does.
 */
export class FullTiles {
  readonly #disk: Disk
  readonly #layout: Layout
  readonly #writer: TileWriter
  readonly #maxWaiting: number
  #waiting: Tile[] = []
  #areDropped = false
  /** All full tiles of the tree at this size are on the disk. */
  #written: Omit<TreeState, 'root'>

  /** `tree` is one whose full tiles are all on the disk. */
  constructor(disk: Disk, layout: Layout, writer: TileWriter, tree: Tree, most: number = maxWaiting) {
    this.#disk = disk
    this.#layout = layout
    this.#writer = writer
    this.#maxWaiting = most
    this.#written = { size: tree.size, partial: tree.partialTiles() }
  }

  /** Takes tiles that became full, in the order in which they did. */
  take(tiles: readonly Tile[]): void {
    if (this.#areDropped) return
    this.#waiting.push(...tiles)
    if (this.#waiting.length > this.#maxWaiting) this.#drop()
  }

  /** Puts all full tiles of a tree on the disk, whose state is that of the latest `take`. Rejects where that fails; it can be tried again. */
  async write({ size, root, partial }: TreeState): Promise<void> {
    const [tiles, wereDropped] = [this.#waiting, this.#areDropped]
    // What is taken from now on is of later lines.
    this.#waiting = []
    this.#areDropped = false
    try {
      if (wereDropped) await this.#makeAgain({ size, root, partial })
      else await this.#writeAll(tiles)
    } catch (error) {
      if (wereDropped) this.#drop()
      this.take(tiles.concat(this.#waiting.splice(0)))
      throw error
    }
    this.#written = { size, partial }
  }

  #drop(): void {
    this.#waiting = []
    this.#areDropped = true
  }

  async #makeAgain({ size, root, partial }: TreeState): Promise<void> {
    // A disk that still takes no tiles is told by these, before all lines are read.
    await this.#writer.writeAll(partial)
    const hashes: Uint8Array[] = []
    for (const tile of this.#written.partial) hashes[tile.level] = tile.hashes
    const tree = Tree.resume(this.#written.size, hashes)
    for await (const lines of openReader(this.#layout.directory, this.#disk).tail(tree.size, size)) {
      for (const { line } of lines) tree.append(hashLeaf(line))
      await this.#writeAll(tree.takeFullTiles())
    }
    if (!tree.root().equals(root)) throw new TrailFailure('the lines on the disk are not those that were written')
  }

  /** Those that are written are taken out of the list. */
  async #writeAll(tiles: Tile[]): Promise<void> {
    while (tiles.length > 0) {
      const next = tiles.slice(0, tilesAtATime)
      await this.#writer.writeAll(next)
      tiles.splice(0, next.length)
    }
  }
}
