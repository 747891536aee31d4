import type { Checkpoint } from '../checkpoint.ts'
import { readOwnCheckpoint } from '../checkpoint-file.ts'
import type { Disk } from '../disk.ts'
import { type Follows, type Header, readHeader } from '../header.ts'
import { type Layout, layoutOf, successorDirectory } from '../layout.ts'
import { EMPTY_ROOT } from '../merkle.ts'
import { type Ground, isDirectory, isUnused } from './open-one.ts'
import { hasStrangers } from './tidy.ts'

/** The newest statement of a trail, which its successor follows; the origin is undefined where nothing tells it. */
export type Statement = Omit<Follows, 'origin'> & { readonly origin: string | undefined }

/** What a trail that may be followed says of itself; undefined where there is none. */
export async function statementOf({ disk, key }: Ground, directory: string): Promise<Statement | undefined> {
  const layout = layoutOf(directory)
  if (!(await isDirectory(disk, directory)) || (await isUnused(disk, layout))) return undefined
  const header = await readHeader(disk, layout)
  const known = typeof header === 'string' ? undefined : header.origin
  const checkpoint = key.exists() ? await readOwnCheckpoint(disk, layout, key.load(), known) : 'missing'
  return statement(known, typeof checkpoint === 'string' ? undefined : checkpoint)
}

function statement(origin: string | undefined, checkpoint: Checkpoint | undefined): Statement {
  const { size, root } = checkpoint ?? { size: 0, root: EMPTY_ROOT }
  return { origin: checkpoint?.origin ?? origin, size, root: root.toString('base64') }
}

/** A directory beside the first one that may hold a successor. */
export interface Candidate {
  readonly number: number
  readonly directory: string
  /** What is in its `trail.json`; undefined where a trail can be begun there. */
  readonly header: Header | undefined
}

/**
 * The successor of a trail, among the directories whose number is above `after`: one that follows its statement, else the first in which a
 * trail can be begun.
 */
export async function findSuccessor(disk: Disk, first: string, after: number, followed: Statement): Promise<Candidate> {
  let free: Candidate | undefined
  for (let number = after + 1; ; number++) {
    const directory = successorDirectory(first, number)
    const isThere = (await disk.stat(directory)) !== undefined
    const header = isThere ? await headerAt(disk, layoutOf(directory)) : undefined
    if (header !== undefined && isFollowing(header, followed)) return { number, directory, header }
    const isFree = !isThere || (header === undefined && (await isFreeAt(disk, layoutOf(directory))))
    if (isFree) free ??= { number, directory, header: undefined }
    if (!isThere) return free as Candidate
  }
}

async function headerAt(disk: Disk, layout: Layout): Promise<Header | undefined> {
  if ((await disk.stat(layout.directory))?.kind !== 'directory') return undefined
  const header = await readHeader(disk, layout)
  return typeof header === 'string' ? undefined : header
}

async function isFreeAt(disk: Disk, layout: Layout): Promise<boolean> {
  if ((await disk.stat(layout.directory))?.kind !== 'directory') return false
  return (await isUnused(disk, layout)) && !(await hasStrangers(disk, layout))
}

/** Whether a trail says that it follows exactly this statement, as far as its origin is known. */
export function isFollowing({ follows }: Pick<Header, 'follows'>, { origin, size, root }: Statement): boolean {
  if (follows === undefined || follows.size !== size || follows.root !== root) return false
  return origin === undefined || follows.origin === origin
}
