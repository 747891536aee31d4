import type { Batch } from './batch.ts'
import { signCheckpoint } from './checkpoint.ts'
import type { Disk } from './disk.ts'
import { FullTiles } from './full-tiles.ts'
import type { Layout } from './layout.ts'
import { hashLength, type Tree } from './merkle.ts'
import type { Signer } from './signed-note.ts'
import { putFile } from './small-file.ts'
import { TileWriter } from './tile-writer.ts'

const betweenMs = 1_000

export interface PublisherParts {
  readonly disk: Disk
  readonly layout: Layout
  readonly origin: string
  readonly signer: Signer
  /** The tree of all durable lines. */
  readonly tree: Tree
  /** The size of the checkpoint that is there. */
  readonly checkpointSize: number
  readonly monotonic: () => number
  /** A checkpoint could not be made; it is tried again. */
  readonly failed: (error: unknown) => void
  /** One was made. */
  readonly published: () => void
}

/** Grows the tree by what is durable, and publishes tiles and checkpoints of it, at most once a second. Nothing waits for it. */
export class Publisher {
  /** The size of the newest checkpoint. */
  checkpointSize: number
  readonly #parts: PublisherParts
  readonly #tiles: TileWriter
  readonly #full: FullTiles
  #ungrown: Batch[] = []
  #timer: NodeJS.Timeout | undefined
  #publishing: Promise<void> | undefined
  #publishedAt = Number.NEGATIVE_INFINITY
  #isClosed = false

  constructor(parts: PublisherParts) {
    this.#parts = parts
    this.checkpointSize = parts.checkpointSize
    this.#tiles = new TileWriter(parts.disk, parts.layout)
    this.#full = new FullTiles(parts.disk, parts.layout, this.#tiles, parts.tree)
  }

  /** Takes batches that became durable, in the order of the file. */
  grow(batches: readonly Batch[]): void {
    if (this.#ungrown.length === 0) setImmediate(() => this.#growTree())
    this.#ungrown.push(...batches)
  }

  /** Publishes all that is durable by now. Never rejects. */
  async publish(): Promise<void> {
    await this.#publishing
    this.#growTree()
    await this.#start()
  }

  /** The same for the last time; afterwards nothing is published. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.publish()
    clearTimeout(this.#timer)
  }

  #growTree(): void {
    const { tree } = this.#parts
    const batches = this.#ungrown
    this.#ungrown = []
    for (const { hashes } of batches) {
      for (let at = 0; at < hashes.length; at += hashLength) tree.append(hashes.subarray(at, at + hashLength))
    }
    this.#full.take(tree.takeFullTiles())
    this.#publishSoon()
  }

  #publishSoon(): void {
    const { tree, monotonic } = this.#parts
    if (this.#isClosed || this.#publishing !== undefined || tree.size === this.checkpointSize) return
    const wait = Math.max(0, this.#publishedAt + betweenMs - monotonic())
    this.#timer ??= setTimeout(() => void this.#start(), wait).unref()
  }

  #start(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#publishing ??= this.#publish().finally(() => {
      this.#publishing = undefined
      this.#publishSoon()
    })
    return this.#publishing
  }

  async #publish(): Promise<void> {
    const { disk, layout, origin, signer, tree, monotonic } = this.#parts
    // Taken at once, as the tree grows meanwhile.
    const { size } = tree
    const root = tree.root()
    const partial = tree.partialTiles()
    this.#publishedAt = monotonic()
    if (size === this.checkpointSize) return
    try {
      await this.#full.write({ size, root, partial })
      await this.#tiles.writeAll(partial)
      const checkpoint = Buffer.from(signCheckpoint({ origin, size, root }, signer))
      await putFile(disk, layout, layout.checkpoint, checkpoint)
      const before = this.checkpointSize
      this.checkpointSize = size
      await this.#tiles.tidy(before, size)
      this.#parts.published()
    } catch (error) {
      this.#parts.failed(error)
    }
  }
}
