import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Disk, DiskStat } from '../disk.ts'
import { directoryNames, firstOfSegment, kindOf, type Layout } from '../layout.ts'
import { parseTilePath, type TileName } from '../tile-path.ts'

/** A tile's file; its path is that within the trail's directory. */
export interface FoundTile extends TileName {
  readonly path: string
}

/** Whether the directory holds names that none of a trail's files has. */
export async function hasStrangers(disk: Disk, layout: Layout): Promise<boolean> {
  return (await disk.list(layout.directory)).some((name) => !kindOf.has(name))
}

/** Empties `control/` and makes the directories that are missing; what is in the place of one gets another name, which then does not belong there. */
export async function makeRoom(disk: Disk, layout: Layout): Promise<void> {
  for (const name of directoryNames) {
    const path = join(layout.directory, name)
    const found = await disk.stat(path)
    if (found?.kind === 'directory') continue
    if (found !== undefined) await disk.rename(path, `${path}-${randomBytes(4).toString('hex')}`)
    await disk.mkdir(path)
  }
  await disk.syncDirectory(layout.directory)
  await empty(disk, layout.control)
}

/** All tiles that are there, and all that does not belong where it is, as paths within the trail's directory. */
export interface Survey {
  readonly tiles: readonly FoundTile[]
  readonly strangers: readonly string[]
}

/** Looks through the directory. */
export async function survey(disk: Disk, layout: Layout): Promise<Survey> {
  const tiles: FoundTile[] = []
  const strangers: string[] = []
  for (const [name, kind] of await entriesOf(disk, layout.directory)) {
    if (kindOf.get(name) !== kind) strangers.push(name)
  }
  for (const [name, kind] of await entriesOf(disk, layout.segments)) {
    if (kind !== 'file' || firstOfSegment(name) === undefined) strangers.push(`segments/${name}`)
  }
  for await (const found of walkTiles(disk, layout)) {
    if (typeof found === 'string') strangers.push(found)
    else tiles.push(found)
  }
  return { tiles, strangers }
}

/** Gives a tile, or the path of what is none. */
async function* walkTiles(disk: Disk, layout: Layout, below = ''): AsyncGenerator<FoundTile | string> {
  for (const [name, kind] of await entriesOf(disk, join(layout.tiles, below))) {
    const place = below === '' ? name : `${below}/${name}`
    const path = `tile/${place}`
    const tile = kind === 'file' ? parseTilePath(place) : undefined
    if (tile !== undefined) yield { ...tile, path }
    else if (kind === 'directory' && canHoldTiles(place)) yield* walkTiles(disk, layout, place)
    else yield path
  }
}

function canHoldTiles(place: string): boolean {
  return parseTilePath(`${place}/000`) !== undefined || parseTilePath(`${place}/1`) !== undefined
}

async function entriesOf(disk: Disk, path: string): Promise<[name: string, kind: DiskStat['kind']][]> {
  const entries: [string, DiskStat['kind']][] = []
  for (const name of await disk.list(path)) {
    // A name that is no text of UTF-8 leads nowhere.
    const found = await disk.stat(join(path, name))
    if (found !== undefined) entries.push([name, found.kind])
  }
  return entries
}

async function empty(disk: Disk, path: string): Promise<void> {
  for (const [name, kind] of await entriesOf(disk, path)) {
    const inside = join(path, name)
    if (kind === 'directory') {
      await empty(disk, inside)
      await disk.rmdir(inside)
    } else await disk.unlink(inside)
  }
}
