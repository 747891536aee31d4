import { tileWidth } from './merkle.ts'

/** Which tile a path names. */
export interface TileName {
  /** 0 to 63. */
  readonly level: number
  /** Which tile of its level, from 0. */
  readonly index: number
  /** 256 for a full tile, 1 to 255 for a partial one. */
  readonly width: number
}

const form = /^(0|[1-9]\d?)\/(?!x000)((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/
const maxLevel = 63

/** The path of a tile below `tile/`, as in `0/x001/x234/067` or, less than 256 wide, `0/000.p/17` (c2sp.org/tlog-tiles). */
export function tilePath(level: number, index: number, width: number = tileWidth): string {
  return `${level}/${tileIndexPath(index, width)}`
}

/** The part of a tile's path that names its index and width; bundles of entries have the same below `tile/entries/`. */
export function tileIndexPath(index: number, width: number = tileWidth): string {
  const digits = String(index)
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0')
  return padded.replace(/\d{3}(?=\d)/g, 'x$&/') + (width === tileWidth ? '' : `.p/${width}`)
}

/** The tile that a path below `tile/` names; `undefined` for whatever `tilePath` would not write. */
export function parseTilePath(text: string): TileName | undefined {
  const [, level, groups, partial] = form.exec(text) ?? []
  if (level === undefined || groups === undefined) return undefined
  const name = {
    level: Number(level),
    index: Number(groups.replaceAll(/[x/]/g, '')),
    width: partial === undefined ? tileWidth : Number(partial),
  }
  const sound =
    name.level <= maxLevel && Number.isSafeInteger(name.index) && (partial === undefined || name.width < tileWidth)
  return sound ? name : undefined
}
