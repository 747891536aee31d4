import { basename, resolve } from 'node:path'
import { disk } from '../trail/disk.ts'
import type { Follows } from '../trail/header.ts'
import { successorDirectory } from '../trail/layout.ts'
import { isFollowing } from '../trail/opening/successor.ts'
import { openReader, type TrailReader } from '../trail/read.ts'

/** A trail that says that it follows another, which was not continued (docs/format.md, R7). */
export interface Successor {
  readonly reader: TrailReader
  readonly follows: Follows
}

/** A trail as its checkpoint states it. */
type Stated = Pick<Awaited<ReturnType<TrailReader['checkpoint']>>, 'origin' | 'size' | 'root'>

/** All successors beside the trail in a directory, whichever trail they follow, by their numbers. One that is only being made is none yet. */
export async function successorsBeside(directory: string): Promise<readonly Successor[]> {
  const found: Successor[] = []
  for (const [first, after] of namings(resolve(directory))) {
    for (let number = after + 1; await isThere(successorDirectory(first, number)); number++) {
      const successor = await successorAt(openReader(successorDirectory(first, number)))
      if (successor !== undefined) found.push(successor)
    }
  }
  return found
}

/**
 * The names of what goes on from a trail, by their numbers: `<name>.2` and so on, whatever that is; and where its own name ends in a number, those after
 * it that say that they follow it, as trails of others may have such names.
 */
export async function successorNames(reader: TrailReader): Promise<readonly string[]> {
  const directory = resolve(reader.directory)
  const named: string[] = []
  for (let number = 2; await isThere(successorDirectory(directory, number)); number++) {
    named.push(successorDirectory(directory, number))
  }
  const { origin } = await reader.checkpoint().catch(() => ({ origin: undefined }))
  const following = (await successorsBeside(directory)).filter(({ follows }) => follows.origin === origin)
  return [...new Set([...named, ...following.map((successor) => successor.reader.directory)])].map((path) =>
    basename(path),
  )
}

/** Whether a successor follows exactly what a checkpoint states. */
export function isNext(successor: Successor, { origin, size, root }: Stated): boolean {
  return isFollowing(successor, { origin, size, root: root.toString('base64') })
}

/** What a directory may be: the first trail, or the successor of this number of another. */
function namings(directory: string): readonly (readonly [first: string, number: number])[] {
  const [, first, number] = /^(.+)\.([2-9]|[1-9]\d+)$/.exec(directory) ?? []
  const asFirst = [directory, 1] as const
  return first === undefined ? [asFirst] : [asFirst, [first, Number(number)]]
}

async function isThere(path: string): Promise<boolean> {
  return (await disk.stat(path)) !== undefined
}

async function successorAt(reader: TrailReader): Promise<Successor | undefined> {
  try {
    const { follows } = await reader.header()
    await reader.checkpoint()
    return follows && { reader, follows }
  } catch {
    return undefined
  }
}
