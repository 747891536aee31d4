import type { Disk, DiskFile } from '../disk.ts'
import { type Layout, segmentPath } from '../layout.ts'
import { isWellFormed, maxLineBytes } from '../line.ts'
import { hashLeaf, type Tile, Tree } from '../merkle.ts'
import { segmentsOf } from '../segments.ts'
import { withFile } from '../small-file.ts'
import { readLines } from '../split-lines.ts'
import { LineFacts } from './line-facts.ts'

/** Bytes at the end of a segment that belong to no line. */
export interface Stray {
  readonly first: number
  readonly offset: number
  readonly bytes: number
  /** `torn`: the beginning of the last line; else `malformed`. */
  readonly kind: 'torn' | 'malformed'
}

/** What the lines up to the checkpoint come to. */
export interface AtCheckpoint {
  readonly root: Buffer
  readonly partialTiles: readonly Tile[]
  /** Where they end: the segment, and the offset in it. */
  readonly lastFirst: number | undefined
  readonly lastEnd: number
}

/** What the lines of a trail are, as found; nothing was changed. */
export interface Scan {
  readonly tree: Tree
  readonly facts: LineFacts
  /** What the first `checkpointSize` lines come to; undefined where there are fewer. */
  readonly atCheckpoint: AtCheckpoint | undefined
  readonly strays: readonly Stray[]
  /** The index of the first line of the last segment; undefined where there is no segment. */
  readonly lastFirst: number | undefined
  /** The offset behind the last line of the last segment. */
  readonly lastEnd: number
  /** Why the lines are not those of one trail; undefined where they are. */
  readonly fault: string | undefined
}

/** Takes the tiles that became full; lines are read on when the promise resolves. */
export type TakeTiles = (tiles: readonly Tile[]) => Promise<void>

/**
 * Reads all lines of a trail and hashes them. Lines up to `checkpointSize` are taken as they are, as its root tells whether they are right; the
 * others must be well formed.
 */
export async function scanLines(
  disk: Disk,
  layout: Layout,
  checkpointSize: number,
  takeTiles: TakeTiles,
): Promise<Scan> {
  const scan = new Scanning(disk, layout, checkpointSize, takeTiles)
  const firsts = await segmentsOf(disk, layout)
  for (const [at, first] of firsts.entries()) {
    if (scan.fault === undefined) await scan.segment(first, firsts[at + 1])
  }
  return scan
}

class Scanning implements Scan {
  readonly tree: Tree = new Tree()
  readonly facts: LineFacts = new LineFacts()
  readonly strays: Stray[] = []
  atCheckpoint: Scan['atCheckpoint']
  lastFirst: number | undefined
  lastEnd = 0
  fault: string | undefined
  readonly #disk: Disk
  readonly #layout: Layout
  readonly #checkpointSize: number
  readonly #takeTiles: TakeTiles
  #refused = false

  constructor(disk: Disk, layout: Layout, checkpointSize: number, takeTiles: TakeTiles) {
    this.#disk = disk
    this.#layout = layout
    this.#checkpointSize = checkpointSize
    this.#takeTiles = takeTiles
    this.#meetCheckpoint()
  }

  /** Reads a segment, whose lines end where the `next` one begins; the last one has no next. */
  async segment(first: number, next: number | undefined): Promise<void> {
    if (first !== this.tree.size) {
      this.fault = `the segment that begins with line ${this.tree.size} is missing`
      return
    }
    this.lastFirst = first
    const size = await withFile(this.#disk, this.#layout.segment(first), 'read', (file) => this.#read(file, next))
    const stray = size - this.lastEnd
    if (next !== undefined && this.tree.size < next) {
      this.fault = `${segmentPath(first)} lacks lines, or has one that is none`
    } else if (stray > 0) {
      // Only what is behind the last line of all can be the beginning of one, and that is no longer than a line.
      const isTorn = next === undefined && !this.#refused && stray <= maxLineBytes
      this.strays.push({ first, offset: this.lastEnd, bytes: stray, kind: isTorn ? 'torn' : 'malformed' })
    }
  }

  /** Gives the size of the file. */
  async #read(file: DiskFile, next: number | undefined): Promise<number> {
    this.lastEnd = 0
    for await (const lines of readLines(file, 0)) {
      const taken = lines.slice(0, this.#take(lines, next))
      this.facts.note(taken)
      await this.#tilesDone()
      if (taken.length < lines.length) break
    }
    return (await file.stat()).size
  }

  /** Gives how many of the lines are the trail's. */
  #take(lines: readonly Buffer[], next: number | undefined): number {
    for (const [index, line] of lines.entries()) {
      if (this.tree.size === next) return index
      this.#refused = this.tree.size >= this.#checkpointSize && !isWellFormed(line)
      if (this.#refused) return index
      this.tree.append(hashLeaf(line))
      this.lastEnd += line.length + 1
      this.#meetCheckpoint()
    }
    return lines.length
  }

  #meetCheckpoint(): void {
    if (this.tree.size !== this.#checkpointSize) return
    const { tree, lastFirst, lastEnd } = this
    this.atCheckpoint = { root: tree.root(), partialTiles: tree.partialTiles(), lastFirst, lastEnd }
  }

  #tilesDone(): Promise<void> | undefined {
    const tiles = this.tree.takeFullTiles()
    return tiles.length === 0 ? undefined : this.#takeTiles(tiles)
  }
}
