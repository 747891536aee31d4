import { hash } from 'node:crypto'

/** The number of hashes in a full tile (C2SP tlog-tiles). */
export const TILE = 256
export const HASH_BYTES = 32

/**
 * The hash of a leaf, RFC 6962 section 2.1, as latin1. The byte before the line is overwritten with the prefix, so that
 * the line need not be copied.
 */
export function hashLeafAt(bytes: Buffer, start: number, end: number): string {
  bytes[start - 1] = 0
  return hash('sha256', bytes.subarray(start - 1, end), 'binary')
}

/** The hash of a node from those of its sides, all as latin1. */
export function hashNode(left: string, right: string): string {
  return hash('sha256', Buffer.from(`\u0001${left}${right}`, 'latin1'), 'binary')
}

/** How many of the leaves are on the left side: the largest power of two below their number. */
export function leftOf(size: number): number {
  let left = 1
  while (left * 2 < size) left *= 2
  return left
}

/** Pairs of hashes, each behind the prefix of a node, so that a node is hashed where it lies. */
const PAIR_BYTES = 1 + 2 * HASH_BYTES

const placeOf = (index: number): number => (index >> 1) * PAIR_BYTES + 1 + (index & 1) * HASH_BYTES

/** The hashes of one level that are not yet gathered into one of the next. */
class Level {
  readonly #pairs = Buffer.alloc((TILE / 2) * PAIR_BYTES, 1)
  readonly #views = Array.from({ length: TILE / 2 }, (_, pair) =>
    this.#pairs.subarray(pair * PAIR_BYTES, (pair + 1) * PAIR_BYTES),
  )
  /** How many full tiles lie before these. */
  tiles = 0
  count = 0

  push(value: string): void {
    this.#pairs.write(value, placeOf(this.count), HASH_BYTES, 'latin1')
    this.count += 1
  }

  at(index: number): string {
    return this.#pairs.toString('latin1', placeOf(index), placeOf(index) + HASH_BYTES)
  }

  /** The first hashes, side by side, as a tile has them. */
  copyTo(tile: Buffer, count: number): Buffer {
    for (let index = 0; index < count; index += 1) {
      const place = placeOf(index)
      this.#pairs.copy(tile, index * HASH_BYTES, place, place + HASH_BYTES)
    }
    return tile.subarray(0, count * HASH_BYTES)
  }

  /** Gathers all into one hash and begins anew. */
  gather(): string {
    for (let pairs = TILE / 2; pairs >= 1; pairs >>= 1) {
      for (let pair = 0; pair < pairs; pair += 1) {
        const node = hash('sha256', this.#views[pair] as Buffer, 'binary')
        this.#pairs.write(node, placeOf(pair), HASH_BYTES, 'latin1')
      }
    }
    this.count = 0
    this.tiles += 1
    return this.at(0)
  }

  clone(): Level {
    const twin = new Level()
    this.#pairs.copy(twin.#pairs)
    twin.tiles = this.tiles
    twin.count = this.count
    return twin
  }
}

/** Is told of each tile that has become full, before it is gathered. */
export type FullTile = (level: number, index: number, hashes: Buffer) => void

/** A Merkle tree of RFC 6962 that grows at its end and keeps only what its tiles do not have yet: 8 KiB a level. */
export class Tree {
  readonly #levels: Level[] = [new Level()]
  readonly #full: FullTile
  readonly #scratch = Buffer.alloc(TILE * HASH_BYTES)
  size = 0

  constructor(full: FullTile) {
    this.#full = full
  }

  push(leaf: string): void {
    this.size += 1
    this.#push(0, leaf)
  }

  #push(depth: number, value: string): void {
    const level = this.#levels[depth] ?? new Level()
    if (depth === this.#levels.length) this.#levels.push(level)
    level.push(value)
    if (level.count < TILE) return
    this.#full(depth, level.tiles, level.copyTo(this.#scratch, TILE))
    this.#push(depth + 1, level.gather())
  }

  /** How many tiles of a level are full. */
  tiles(level: number): number {
    return this.#levels[level]?.tiles ?? 0
  }

  /** How many hashes the level's last tile, which is not full, has. */
  width(level: number): number {
    return this.#levels[level]?.count ?? 0
  }

  /** The first `count` hashes of a level's last tile. Only until the next call. */
  partial(level: number, count: number): Buffer {
    return this.#levels[level]?.copyTo(this.#scratch, count) ?? this.#scratch.subarray(0, 0)
  }

  /** The root, as latin1. */
  root(): string {
    let right: string | undefined
    for (const level of this.#levels) {
      const nodes = Array.from({ length: level.count }, (_, index) => level.at(index))
      if (right !== undefined) nodes.push(right)
      if (nodes.length > 0) right = rootOf(nodes)
    }
    return right ?? hash('sha256', '', 'binary')
  }

  /** A tree of its own, without the leaves that fill no tile. */
  cloneOfTiles(): Tree {
    const twin = new Tree(() => undefined)
    twin.#levels.length = 0
    for (const level of this.#levels) twin.#levels.push(level.clone())
    const [leaves] = twin.#levels
    if (leaves !== undefined) leaves.count = 0
    twin.size = this.tiles(0) * TILE
    return twin
  }
}

function rootOf(nodes: readonly string[]): string {
  if (nodes.length === 1) return nodes[0] ?? ''
  const left = leftOf(nodes.length)
  return hashNode(rootOf(nodes.slice(0, left)), rootOf(nodes.slice(left)))
}
