import { join } from 'node:path'

/** Digits of a segment's name; an index that has more takes more. */
const indexDigits = 12
const segmentPattern = /^(\d{12}|[1-9]\d{12,15})\.ndjson$/

/** The directories that are in that of a trail. */
export const directoryNames = ['control', 'damage', 'segments', 'tile', 'cursors', 'dead-letter'] as const
const fileNames = ['trail.json', 'checkpoint', 'lock', 'reserve'] as const

/** All that may be in the directory of a trail, by name, and what it is. */
export const kindOf: ReadonlyMap<string, 'file' | 'directory'> = new Map([
  ...directoryNames.map((name) => [name, 'directory'] as const),
  ...fileNames.map((name) => [name, 'file'] as const),
])

/** Where everything of a trail is, as paths. */
export interface Layout {
  readonly directory: string
  /** `trail.json`. */
  readonly trail: string
  readonly checkpoint: string
  readonly lock: string
  readonly reserve: string
  readonly segments: string
  /** The directory of all tiles; a tile's path below it is its level and the path of its index. */
  readonly tiles: string
  /** Files that are being made. */
  readonly control: string
  /** What recovery set aside. */
  readonly damage: string
  readonly cursors: string
  readonly deadLetter: string
  /** The segment whose first line has this index. */
  segment(first: number): string
}

/** The layout of the trail in a directory. */
export function layoutOf(directory: string): Layout {
  const at = (name: (typeof directoryNames | typeof fileNames)[number]): string => join(directory, name)
  return {
    directory,
    trail: at('trail.json'),
    checkpoint: at('checkpoint'),
    lock: at('lock'),
    reserve: at('reserve'),
    segments: at('segments'),
    tiles: at('tile'),
    control: at('control'),
    damage: at('damage'),
    cursors: at('cursors'),
    deadLetter: at('dead-letter'),
    segment: (first) => join(directory, segmentPath(first)),
  }
}

/** The directory of a trail's successor: `first` is that of the first trail, `number` 2 for its first successor. */
export function successorDirectory(first: string, number: number): string {
  return `${first}.${number}`
}

/** The path of a segment within the trail's directory, as a `damage` record names it. */
export function segmentPath(first: number): string {
  return `segments/${String(first).padStart(indexDigits, '0')}.ndjson`
}

/** The index of the first line of the segment of this name; undefined where it is no name of a segment. */
export function firstOfSegment(name: string): number | undefined {
  if (!segmentPattern.test(name)) return undefined
  const first = Number.parseInt(name, 10)
  return Number.isSafeInteger(first) ? first : undefined
}
