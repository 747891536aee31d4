import { hashChildren, hashLength, subtreeRoot, tileWidth } from './merkle.ts'

/** Gives the root of the complete subtree of 2^height leaves that begins at leaf `index` × 2^height, 32 bytes. */
export type HashAt = (height: number, index: number) => Promise<Uint8Array>

/** Gives the hashes of a tile, 32 bytes each: the first `needed` ones at least, where it has them. */
export type TileAt = (level: number, index: number, needed: number) => Promise<Uint8Array>

/** The height of one tile: a hash of the level above stands for it. */
const tileHeight = 8

/** Finds the roots of complete subtrees in tiles. */
export function hashesFromTiles(tileAt: TileAt): HashAt {
  return async (height, index) => {
    const level = Math.floor(height / tileHeight)
    const count = 2 ** (height % tileHeight)
    const tile = Math.floor((index * count) / tileWidth)
    const start = (index * count) % tileWidth
    const hashes = await tileAt(level, tile, start + count)
    return subtreeRoot(hashes.subarray(start * hashLength, (start + count) * hashLength))
  }
}

/**
 * The hashes that lead from a leaf to the root of the first `size` leaves, from the leaf up (RFC 6962, 2.1.1). Throws a
 * `RangeError` where that tree has no such leaf.
 */
export async function inclusionPath(leaf: number, size: number, hashAt: HashAt): Promise<Uint8Array[]> {
  if (!(leaf >= 0 && leaf < size)) throw new RangeError(`a tree of ${size} leaves has no leaf ${leaf}`)
  const path: Promise<Uint8Array>[] = []
  let [start, end] = [0, size]
  while (end - start > 1) {
    const middle = start + splitOf(end - start)
    if (leaf < middle) {
      path.unshift(rootOf(middle, end, hashAt))
      end = middle
    } else {
      path.unshift(rootOf(start, middle, hashAt))
      start = middle
    }
  }
  return Promise.all(path)
}

/**
 * The hashes that show that the first `size` leaves begin with the first `old` ones (RFC 6962, 2.1.2). None where both sizes
 * are the same or `old` is 0. Throws a `RangeError` where `old` is larger than `size`.
 */
export async function consistencyPath(old: number, size: number, hashAt: HashAt): Promise<Uint8Array[]> {
  if (!(old >= 0 && old <= size)) throw new RangeError(`a tree of ${size} leaves has no beginning of ${old}`)
  if (old === 0 || old === size) return []
  const path: Promise<Uint8Array>[] = []
  let [start, end] = [0, size]
  while (end !== old) {
    const middle = start + splitOf(end - start)
    if (old <= middle) {
      path.unshift(rootOf(middle, end, hashAt))
      end = middle
    } else {
      path.unshift(rootOf(start, middle, hashAt))
      start = middle
    }
  }
  // Where the old tree is a complete subtree from the start on, who checks has its root.
  if (start > 0) path.unshift(rootOf(start, end, hashAt))
  return Promise.all(path)
}

/** What a proof of one leaf consists of. */
export interface TlogProof {
  /** Bytes that go along and that nothing vouches for: here the record's line. */
  readonly extra?: Uint8Array
  /** The index of the leaf, from 0. */
  readonly index: number
  /** See `inclusionPath`. */
  readonly path: readonly Uint8Array[]
  /** A signed note, as it is. */
  readonly checkpoint: string
}

/** The text of a proof that stands alone (c2sp.org/tlog-proof, v1). */
export function formatTlogProof({ extra, index, path, checkpoint }: TlogProof): string {
  const lines = [
    'c2sp.org/tlog-proof@v1',
    ...(extra === undefined ? [] : [`extra ${base64(extra)}`]),
    `index ${index}`,
    ...path.map(base64),
  ]
  return `${lines.join('\n')}\n\n${checkpoint}`
}

/** The root of the leaves from `start` up to `end`, where `start` is one at which the tree itself splits. */
async function rootOf(start: number, end: number, hashAt: HashAt): Promise<Uint8Array> {
  const count = end - start
  if (count === 1) return hashAt(0, start)
  const split = splitOf(count)
  if (split * 2 === count) return hashAt(Math.log2(count), start / count)
  const middle = start + split
  const [left, right] = await Promise.all([rootOf(start, middle, hashAt), rootOf(middle, end, hashAt)])
  return hashChildren(left, right)
}

/** The largest power of two below `count`, which is more than 1. A logarithm would be rounded for large counts. */
function splitOf(count: number): number {
  let split = 1
  while (split * 2 < count) split *= 2
  return split
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
