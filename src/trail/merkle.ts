import { createHash, hash } from 'node:crypto'

/** Bytes of one hash, SHA-256. */
export const hashLength = 32

/** Hashes of one full tile. */
export const tileWidth = 256

/** The root of a tree without leaves: SHA-256 of nothing. */
export const EMPTY_ROOT: Buffer = sha256(new Uint8Array(0))

/** Consecutive hashes of one level of tiles; a partial tile is less than 256 wide. */
export interface Tile {
  /** 0 for hashes of leaves; a hash of level L stands for 256^L leaves. */
  readonly level: number
  /** Which tile of its level, from 0. */
  readonly index: number
  /** The number of hashes, 1 to 256. */
  readonly width: number
  /** The hashes, 32 bytes each, one after the other. They do not change. */
  readonly hashes: Uint8Array
}

// Hashing puts one byte in front of what it hashes; a copy into memory that is there already costs less than a hash object.
const leafInput = Buffer.allocUnsafeSlow(1 + 65_535)
const nodeInput = Buffer.allocUnsafeSlow(1 + 2 * hashLength)
leafInput[0] = 0
nodeInput[0] = 1

/** The hash of a leaf, SHA-256(0x00 ‖ line), 32 bytes. The line comes without its newline (RFC 6962, 2.1). */
export function hashLeaf(line: Uint8Array): Buffer {
  if (line.length >= leafInput.length) {
    return createHash('sha256').update(leafInput.subarray(0, 1)).update(line).digest()
  }
  leafInput.set(line, 1)
  return sha256(leafInput.subarray(0, 1 + line.length))
}

/** Writes the hash of the leaf from `start` to `end` of some lines to `at` in `hashes`: the same, without an object for each. */
export function writeLeafHash(lines: Buffer, start: number, end: number, hashes: Buffer, at: number): void {
  const length = 1 + end - start
  if (length > leafInput.length) {
    hashes.set(hashLeaf(lines.subarray(start, end)), at)
    return
  }
  lines.copy(leafInput, 1, start, end)
  hashes.write(hash('sha256', leafInput.subarray(0, length), 'binary'), at, 'latin1')
}

/** The hash of an inner node, SHA-256(0x01 ‖ left ‖ right), 32 bytes (RFC 6962, 2.1). */
export function hashChildren(left: Uint8Array, right: Uint8Array): Buffer {
  nodeInput.set(left, 1)
  nodeInput.set(right, 1 + hashLength)
  return sha256(nodeInput)
}

/** The number of hashes in the partial tile that a tree of `size` leaves has at a level, 0 to 255; 0 is no tile. */
export function partialWidth(size: number, level: number): number {
  return Math.floor(size / tileWidth ** level) % tileWidth
}

/**
 * A Merkle tree of RFC 6962 that grows at its right side, up to 2^53 - 1 leaves. It keeps only the right edge: the roots of the
 * complete subtrees, and at most 255 hashes for each level of tiles. Tiles that leaves completed wait in it until they are taken.
 */
export class Tree {
  #size = 0
  /** The roots of the complete subtrees by their height; one for each bit of the size that is set. */
  readonly #peaks: (Uint8Array | undefined)[] = []
  /** The last tile of each level, not full: `index` tiles before it are. */
  readonly #edge: { hashes: Buffer; index: number; width: number }[] = []
  #full: Tile[] = []

  /**
   * A tree of `size` leaves from the hashes of its partial tiles, lowest level first; nothing or an empty array where a level
   * has none. Throws a `RangeError` where a tile is not as wide as that size needs.
   */
  static resume(size: number, partial: readonly (Uint8Array | undefined)[]): Tree {
    const tree = new Tree()
    tree.#size = size
    for (let level = 0; tileWidth ** level <= size; level++) {
      const width = partialWidth(size, level)
      const hashes = partial[level] ?? new Uint8Array(0)
      if (hashes.length !== width * hashLength) {
        throw new RangeError(`a tree of ${size} leaves has ${width} hashes in its partial tile of level ${level}`)
      }
      const edge = { hashes: emptyTile(), index: Math.floor(size / tileWidth ** (level + 1)), width }
      edge.hashes.set(hashes)
      tree.#edge.push(edge)
      tree.#restorePeaks(level, edge.hashes, width)
    }
    return tree
  }

  /** The number of leaves. */
  get size(): number {
    return this.#size
  }

  /** Adds one leaf by its hash, 32 bytes, which is copied. */
  append(leafHash: Uint8Array): void {
    let hash = leafHash
    let height = 0
    this.#addToTile(0, hash)
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      hash = hashChildren(this.#peaks[height] as Uint8Array, hash)
      this.#peaks[height++] = undefined
      if (height % 8 === 0) this.#addToTile(height / 8, hash)
    }
    this.#peaks[height] = height === 0 ? Uint8Array.from(hash) : hash
    this.#size++
  }

  /** The hash of the whole tree, 32 bytes. */
  root(): Buffer {
    let root: Uint8Array | undefined
    for (const peak of this.#peaks) {
      if (peak !== undefined) root = root === undefined ? peak : hashChildren(peak, root)
    }
    return Buffer.from(root ?? EMPTY_ROOT)
  }

  /** The tiles that became full since this was last asked, in the order in which they did; the tree keeps them no longer. */
  takeFullTiles(): Tile[] {
    const tiles = this.#full
    this.#full = []
    return tiles
  }

  /** The partial tile of each level that has one at the present size, lowest level first. */
  partialTiles(): Tile[] {
    return this.#edge.flatMap(({ hashes, index, width }, level) =>
      width === 0 ? [] : [{ level, index, width, hashes: hashes.subarray(0, width * hashLength) }],
    )
  }

  #addToTile(level: number, hash: Uint8Array): void {
    this.#edge[level] ??= { hashes: emptyTile(), index: 0, width: 0 }
    const edge = this.#edge[level]
    edge.hashes.set(hash, edge.width++ * hashLength)
    if (edge.width < tileWidth) return
    this.#full.push({ level, index: edge.index, width: tileWidth, hashes: edge.hashes })
    // New memory, as the full tile and views of partial ones are given away.
    this.#edge[level] = { hashes: emptyTile(), index: edge.index + 1, width: 0 }
  }

  #restorePeaks(level: number, hashes: Buffer, width: number): void {
    let end = width
    for (let height = 0; height < 8; height++) {
      const count = 2 ** height
      if ((width & count) === 0) continue
      this.#peaks[8 * level + height] = subtreeRoot(hashes.subarray((end - count) * hashLength, end * hashLength))
      end -= count
    }
  }
}

/** The root of a complete subtree from its hashes, 32 bytes each, whose number is a power of two. */
export function subtreeRoot(hashes: Uint8Array): Buffer {
  if (hashes.length === hashLength) return Buffer.from(hashes)
  const middle = hashes.length / 2
  return hashChildren(subtreeRoot(hashes.subarray(0, middle)), subtreeRoot(hashes.subarray(middle)))
}

function emptyTile(): Buffer {
  return Buffer.alloc(tileWidth * hashLength)
}

// As text of one character a byte and back: measured a third faster than a buffer of its own for each hash.
function sha256(input: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', input, 'binary'), 'latin1')
}
