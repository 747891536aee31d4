import type { FaultPlace, Faults } from './fault.ts'
import type { Files } from './files.ts'
import { leadsToTiles, parseTilePath, partialsPath, type TileName, tilePath } from './tile-name.ts'
import { HASH_BYTES, TILE, Tree } from './tree.ts'

/** Full tiles whose file was not there yet are kept up to so many; 8 KiB each. */
const MOST_ABSENT = 4096
const MOST_LISTED = 101
/** A partial tile is replaced at most once a second. */
const STAND_IN_LOOKS = 3

/** A run of lines that are others than their tile says. */
export type LineRange = FaultPlace & { readonly leaf: number; leaves: number }

/** The tiles that a tree of so many leaves has beside the full ones. */
function partialTiles(size: number): TileName[] {
  const tiles: TileName[] = []
  for (let level = 0, nodes = size; nodes >= 1; level += 1, nodes = Math.floor(nodes / TILE)) {
    if (nodes % TILE > 0) tiles.push({ level, index: Math.floor(nodes / TILE), width: nodes % TILE })
  }
  return tiles
}

/** Compares tiles on disk with the hashes of the lines, as the tree makes them. */
export class Tiles {
  /** Tiles that hold something else than the lines' hashes: the first 101. */
  readonly differing: TileName[] = []
  /** Lines that are others than a tile of level 0 says: the first 101 runs. */
  readonly ranges: LineRange[] = []
  /** The tree of the tiles before the first that differs. */
  before: Tree | undefined
  readonly tree: Tree
  readonly #files: Files
  readonly #faults: Faults
  readonly #proven: number
  readonly #placeOf: (leaf: number) => FaultPlace
  readonly #absent = new Map<string, Buffer>()
  readonly #seen = new Set<string>()

  /** `proven` is the checkpoint's size; `placeOf` is asked for lines of the latest tile. */
  constructor(files: Files, faults: Faults, proven: number, placeOf: (leaf: number) => FaultPlace) {
    this.#files = files
    this.#faults = faults
    this.#proven = proven
    this.#placeOf = placeOf
    this.tree = new Tree((level, index, hashes) => this.#compareFull(level, index, hashes))
  }

  /** Checks what is below `tile/`; `readOn` reads the lines that have come since. */
  async check(readOn: () => Promise<void>): Promise<void> {
    const ahead: TileName[] = []
    const settle = async (): Promise<void> => {
      await readOn()
      for (const tile of ahead.splice(0)) this.#settle(tile)
    }
    for (const tile of this.#listTiles('tile')) {
      if (!this.#checkTile(tile)) ahead.push(tile)
      if (ahead.length === MOST_ABSENT) await settle()
    }
    if (ahead.length > 0) await settle()
    for (const tile of partialTiles(this.#proven)) {
      if (this.tree.size >= this.#proven && this.read(tile) === undefined) {
        this.#faults.add('TILE_MISSING', { file: tilePath(tile) })
      }
    }
  }

  /** The first `width` hashes of a tile, from it or from what stands in for it; undefined where neither is there. */
  read(tile: TileName): Buffer | undefined {
    for (let look = 0; look < STAND_IN_LOOKS; look += 1) {
      for (const { level, index, width } of this.#standIns(tile)) {
        const bytes = this.#files.read(tilePath({ level, index, width }), TILE * HASH_BYTES)
        if (bytes !== undefined) return bytes.subarray(0, tile.width * HASH_BYTES)
      }
    }
    return undefined
  }

  /** The full tile, the one itself, and the wider ones that are there. */
  *#standIns(tile: TileName): Generator<TileName> {
    yield { ...tile, width: TILE }
    yield tile
    for (const { path, kind } of this.#files.list(partialsPath(tile))) {
      const other = kind === 'file' ? parseTilePath(path) : undefined
      if (other !== undefined && other.width > tile.width) yield other
    }
  }

  #compareFull(level: number, index: number, hashes: Buffer): void {
    const tile = { level, index, width: TILE }
    const path = tilePath(tile)
    const bytes = this.#files.read(path, TILE * HASH_BYTES)
    if (bytes !== undefined) {
      if (bytes.equals(hashes)) return
      if (level === 0) this.before ??= this.tree.cloneOfTiles()
      this.#differs(tile, bytes, hashes)
      return
    }
    if ((index + 1) * TILE ** (level + 1) <= this.#proven) this.#faults.add('TILE_MISSING', { file: path })
    if (this.#absent.size < MOST_ABSENT) this.#absent.set(path, Buffer.from(hashes))
  }

  /** False where there are not enough lines yet. */
  #checkTile(tile: TileName): boolean {
    const { level, index, width } = tile
    const done = this.tree.tiles(level)
    const isReached = index < done || (index === done && width < TILE && width <= this.tree.width(level))
    if (!isReached) return false
    const full = tilePath({ level, index, width: TILE })
    const absent = this.#absent.get(full)
    // A full tile that was there when its lines were read has been compared then.
    if (width === TILE && absent === undefined) return true
    const bytes = this.#files.read(tilePath(tile), TILE * HASH_BYTES)
    if (bytes === undefined) return true
    const hashes =
      index < done ? (absent ?? this.#files.read(full, TILE * HASH_BYTES)) : this.tree.partial(level, width)
    const expected = hashes?.subarray(0, width * HASH_BYTES) ?? Buffer.alloc(0)
    if (!bytes.equals(expected)) this.#differs(tile, bytes, expected)
    return true
  }

  /** What is wrong with a tile that is ahead of the lines, after they have been read on. */
  #settle(tile: TileName): void {
    const path = tilePath(tile)
    if (this.#checkTile(tile)) return
    // Lines that the checkpoint counts are missing, which is told by itself; the rest of the tile says more of them.
    if (this.tree.size < this.#proven) this.#compareBeginning(tile)
    else if (this.#files.kind(path) !== undefined) this.#faults.add('TILE_AHEAD', { file: path })
  }

  #compareBeginning(tile: TileName): void {
    const bytes = tile.level === 0 ? this.#files.read(tilePath(tile), TILE * HASH_BYTES) : undefined
    const width = this.tree.width(0)
    if (bytes === undefined || tile.index !== this.tree.tiles(0)) return
    const hashes = this.tree.partial(0, width)
    if (!bytes.subarray(0, hashes.length).equals(hashes)) this.#differs({ ...tile, width }, bytes, hashes)
  }

  #differs(tile: TileName, bytes: Buffer, hashes: Buffer): void {
    const path = tilePath(tile)
    if (this.#seen.has(path)) return
    if (this.differing.length < MOST_LISTED) {
      this.differing.push(tile)
      this.#seen.add(path)
    }
    if (tile.level > 0) return
    const isLatest = tile.index * TILE + tile.width > this.tree.size - TILE
    for (let hash = 0; hash < tile.width; hash += 1) {
      const at = hash * HASH_BYTES
      const isSame = bytes.subarray(at, at + HASH_BYTES).equals(hashes.subarray(at, at + HASH_BYTES))
      if (!isSame) this.#addLine(tile.index * TILE + hash, isLatest)
    }
  }

  #addLine(leaf: number, isLatest: boolean): void {
    const last = this.ranges.at(-1)
    if (last !== undefined && last.leaf + last.leaves === leaf) last.leaves += 1
    else if (this.ranges.length < MOST_LISTED) {
      const place = isLatest ? this.#placeOf(leaf) : { file: 'segments' }
      this.ranges.push({ ...place, leaf, leaves: 1 })
    }
  }

  *#listTiles(directory: string): Generator<TileName> {
    for (const { path, kind } of this.#files.list(directory)) {
      const tile = kind === 'file' ? parseTilePath(path) : undefined
      if (tile !== undefined) yield tile
      else if (kind === 'directory' && leadsToTiles(path)) yield* this.#listTiles(path)
      else this.#faults.add(kind === 'other' ? 'KIND' : 'UNKNOWN', { file: path })
    }
  }
}
