import type { AuditError } from '../lib/errors.ts'
import { type FoundCheckpoint, readCheckpoint } from './checkpoint-file.ts'
import { type Disk, disk as realDisk } from './disk.ts'
import { type Header, readHeader } from './header.ts'
import { type Layout, layoutOf } from './layout.ts'
import type { HashAt } from './proof.ts'
import { segmentsOf } from './segments.ts'
import { readLines } from './split-lines.ts'
import { hashesOnDisk } from './tiles-on-disk.ts'
import { TrailFailure, trailError } from './trail-failure.ts'

/** A line of a trail. */
export interface TrailLine {
  /** Its index, from 0. */
  readonly leaf: number
  /** Without its newline. */
  readonly line: Buffer
}

/** Reads a trail, also while it is written to, and changes nothing. What cannot be read rejects with `TRAIL_NOT_READ`. */
export interface TrailReader {
  readonly directory: string
  /** What `trail.json` says. Rejects with `TRAIL_VERSION_UNKNOWN` where its format is a newer one. */
  header(): Promise<Header>
  /** The newest checkpoint, as it is and taken apart; its signatures are not checked. */
  checkpoint(): Promise<Omit<FoundCheckpoint, 'extensions'>>
  /** The lines from index `from` up to `size`, in order and in batches; `size` may be that of a checkpoint, or the durable size. */
  tail(from: number, size: number): AsyncIterable<readonly TrailLine[]>
  /** The root of a complete subtree, from the tiles; see `HashAt`. */
  readonly hashAt: HashAt
}

/** Where a line begins. Durable lines stay where they are: what was read up to there need not be read again to go on. */
interface Mark {
  readonly first: number
  readonly leaf: number
  readonly offset: number
}

interface Source {
  readonly disk: Disk
  readonly layout: Layout
  /** Where the last reading of lines ended. */
  mark: Mark | undefined
}

/** A reader of the trail in a directory. Nothing is looked at before it is asked for. To go on where it ended costs no more than what is new. */
export function openReader(directory: string, disk: Disk = realDisk): TrailReader {
  const layout = layoutOf(directory)
  const hashAt = hashesOnDisk(disk, layout)
  const source: Source = { disk, layout, mark: undefined }
  return {
    directory,
    header: () => named(layout.trail, async () => unlessAbsent(await readHeader(disk, layout))),
    checkpoint: () => named(layout.checkpoint, () => checkpoint(disk, layout)),
    tail: (from, size) => tail(source, from, size),
    hashAt: (height, index) => named(layout.tiles, () => hashAt(height, index)),
  }
}

async function checkpoint(disk: Disk, layout: Layout): ReturnType<TrailReader['checkpoint']> {
  const { bytes, origin, size, root } = unlessAbsent(await readCheckpoint(disk, layout))
  return { bytes, origin, size, root }
}

function unlessAbsent<Part>(found: Part | 'missing' | 'invalid'): Part {
  if (found === 'missing') throw new TrailFailure('it is missing')
  if (found === 'invalid') throw new TrailFailure('it is not of its form')
  return found
}

async function* tail(source: Source, from: number, size: number): AsyncGenerator<readonly TrailLine[]> {
  const { disk, layout } = source
  // Segments that begin later than now begin behind all lines that are durable now.
  const firsts = await named(layout.segments, () => segmentsOf(disk, layout))
  let wanted = from
  for (const [at, first] of firsts.entries()) {
    const end = Math.min(firsts[at + 1] ?? size, size)
    if (end <= wanted) continue
    if (first > wanted) break
    for await (const lines of segmentLines(source, first, wanted, end)) {
      wanted += lines.length
      yield lines
    }
    if (wanted < end) break
  }
  if (wanted < size) throw notRead(layout.segments, new TrailFailure(`line ${wanted} is missing`))
}

/** The lines of a segment from `from` up to `end`, as far as they are there. */
async function* segmentLines(
  source: Source,
  first: number,
  from: number,
  end: number,
): AsyncGenerator<readonly TrailLine[]> {
  const path = source.layout.segment(first)
  const file = await named(path, () => source.disk.open(path, 'read'))
  try {
    const { mark } = source
    let { leaf, offset } = mark?.first === first && mark.leaf <= from ? mark : { leaf: first, offset: 0 }
    for await (const lines of readLines(file, offset)) {
      const start = leaf
      leaf += lines.length
      for (const line of lines.slice(0, Math.max(0, end - start))) offset += line.length + 1
      source.mark = { first, leaf: Math.min(leaf, end), offset }
      const wanted = lines.slice(Math.max(0, from - start), Math.max(0, end - start))
      const index = Math.max(start, from)
      if (wanted.length > 0) yield wanted.map((line, place) => ({ leaf: index + place, line: Buffer.from(line) }))
      if (leaf >= end) return
    }
  } catch (error) {
    throw notRead(path, error)
  } finally {
    await file.close()
  }
}

async function named<Value>(path: string, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read()
  } catch (error) {
    throw notRead(path, error)
  }
}

function notRead(path: string, error: unknown): AuditError {
  return trailError('TRAIL_NOT_READ', { path }, error)
}
