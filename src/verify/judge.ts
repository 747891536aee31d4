import type { Faults } from './fault.ts'
import type { Checkpoint } from './note.ts'
import { tilePath } from './tile-name.ts'
import type { Tiles } from './tiles.ts'
import { HASH_BYTES, TILE, type Tree } from './tree.ts'

/** What the lines came to. */
export interface Found {
  /** The root of as many lines as the checkpoint counts, as latin1; undefined where there are fewer. */
  readonly root: string | undefined
  readonly tiles: Tiles
  /** The tree of the full tiles of the checkpoint's size; undefined where there are fewer lines. */
  readonly aligned: Tree | undefined
}

/** Says what is wrong where lines, tiles and checkpoint do not fit: the lines or the tiles, and which of them. */
export function judge(checkpoint: Checkpoint, found: Found, faults: Faults): void {
  const { root, tiles } = found
  const { size } = checkpoint
  const signed = checkpoint.root.toString('latin1')
  if (root === signed) judgeTiles(tiles, size, faults)
  else judgeLines(found, size, signed, faults)
}

/** The lines are wrong: the tiles say which, where they are right. */
function judgeLines(found: Found, size: number, signed: string, faults: Faults): void {
  const { root, tiles } = found
  if (root === undefined) {
    const there = tiles.tree.size
    faults.add('LINES_MISSING', { file: 'segments', leaf: there, leaves: size - there })
  }
  const ranges = tiles.ranges.filter(({ leaf }) => leaf < size)
  if (rootByTiles(startOf(found, size), size, tiles) === signed) {
    for (const range of ranges) {
      faults.add('LINE_DIFFERS', { ...range, leaves: Math.min(range.leaves, size - range.leaf) })
    }
    if (ranges.length > 0) return
  }
  if (root === undefined) return
  faults.add('ROOT_DIFFERS', { file: 'segments', leaf: 0, leaves: size })
  for (const tile of tiles.differing) if (tile.level === 0) faults.add('TILE_DIFFERS', { file: tilePath(tile) })
}

/** The lines are right: so a tile that differs is wrong, as far as they are proven. */
function judgeTiles({ differing }: Tiles, size: number, faults: Faults): void {
  for (const tile of differing) {
    const isProven = (tile.index * TILE + tile.width) * TILE ** tile.level <= size
    faults.add(isProven ? 'TILE_WRONG' : 'TILE_DIFFERS', { file: tilePath(tile) })
  }
}

/** A tree of full tiles that are the same on disk and of the lines. */
function startOf({ tiles, aligned }: Found, size: number): Tree {
  const { before, tree } = tiles
  return before !== undefined && before.size <= size ? before : (aligned ?? tree.cloneOfTiles())
}

/** The root of the hashes that the tiles on disk hold, as latin1; undefined where one is not there. */
function rootByTiles(tree: Tree, size: number, tiles: Tiles): string | undefined {
  while (tree.size < size) {
    const width = Math.min(TILE, size - tree.size)
    const hashes = tiles.read({ level: 0, index: tree.size / TILE, width })
    if (hashes?.length !== width * HASH_BYTES) return undefined
    for (let at = 0; at < hashes.length; at += HASH_BYTES) tree.push(hashes.toString('latin1', at, at + HASH_BYTES))
  }
  return tree.root()
}
