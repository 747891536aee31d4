import { sizeOf } from './note.ts'
import { TILE } from './tree.ts'

/** A tile of C2SP tlog-tiles: `width` hashes, 256 where it is full. */
export interface TileName {
  readonly level: number
  readonly index: number
  readonly width: number
}

const HIGHEST_LEVEL = 63

/** The path of a tile's directory of partial ones, or of the full one, below `tile/`: `0/x001/234`. */
function stem({ level, index }: Pick<TileName, 'level' | 'index'>): string {
  const groups = [String(index % 1000).padStart(3, '0')]
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`x${String(rest % 1000).padStart(3, '0')}`)
  }
  return `${level}/${groups.join('/')}`
}

/** The path within the directory of a trail. */
export function tilePath(tile: TileName): string {
  return tile.width === TILE ? `tile/${stem(tile)}` : `${partialsPath(tile)}/${tile.width}`
}

/** The path of the directory that a tile's partial forms are in. */
export function partialsPath(tile: Pick<TileName, 'level' | 'index'>): string {
  return `tile/${stem(tile)}.p`
}

/** The tile that a file's path means; undefined where it is no tile's, or is not written in the one way there is. */
export function parseTilePath(path: string): TileName | undefined {
  const [, level = '', groups = '', partial] = /^tile\/(\d+)\/([x\d/]+)(?:\.p\/(\d+))?$/.exec(path) ?? []
  const tile = {
    level: sizeOf(level) ?? -1,
    index: Number(groups.replace(/[x/]/g, '')),
    width: partial === undefined ? TILE : Number(partial),
  }
  const fits = tile.level <= HIGHEST_LEVEL && Number.isSafeInteger(tile.index) && tile.width >= 1 && tile.width <= TILE
  return fits && tilePath(tile) === path ? tile : undefined
}

/** Whether a directory can be on the way to a tile. */
export function leadsToTiles(path: string): boolean {
  return /^tile\/(?:\d|[1-5]\d|6[0-3])(?:\/x\d{3}){0,5}(?:\/\d{3}\.p)?$/.test(path)
}
