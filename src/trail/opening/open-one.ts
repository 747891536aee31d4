import { dirname } from 'node:path'
import { AuditError } from '../../lib/errors.ts'
import { isSystemError } from '../../lib/system-error.ts'
import { type Checkpoint, signCheckpoint } from '../checkpoint.ts'
import { readOwnCheckpoint } from '../checkpoint-file.ts'
import type { Disk } from '../disk.ts'
import { type Follows, formatHeader, type Header, hashOfHeader, readHeader } from '../header.ts'
import { type Layout, layoutOf } from '../layout.ts'
import type { Lock, takeLock } from '../lock.ts'
import { EMPTY_ROOT, type Tree } from '../merkle.ts'
import { hasLines } from '../segments.ts'
import { createSigner, type Signer } from '../signed-note.ts'
import { putFile } from '../small-file.ts'
import { TrailFailure } from '../trail-failure.ts'
import { formatVerifierKey } from '../verifier-key.ts'
import { type Inspection, inspect } from './inspect.ts'
import { mend } from './mend.ts'
import type { Damage } from './set-aside.ts'
import { hasStrangers, makeRoom } from './tidy.ts'
import type { TrailKey } from './trail-key.ts'

/** A trail that is open for writing, mended, and what was found in it. */
export interface Opened {
  readonly directory: string
  readonly origin: string
  /** SHA-256 of `trail.json`, in lower-case hexadecimal. */
  readonly trailHash: string
  readonly follows: Follows | undefined
  readonly lock: Lock
  /** Signs the checkpoints; its name is the origin. */
  readonly signer: Signer
  /** The tree of all lines that were found. */
  readonly tree: Tree
  readonly checkpointSize: number
  /** The last segment: the index of its first line, and its size in bytes. There always is one. */
  readonly segment: { readonly first: number; readonly bytes: number }
  /** Intents whose exchange has no record: the exchange's id, and the intent's line without its newline. */
  readonly intents: ReadonlyMap<string, Buffer>
  /** Whether the last record is a `stop`, or there is none. */
  readonly stopped: boolean
  /** The time of the last record. */
  readonly lastTime: string | undefined
  readonly mended: { readonly tornBytes: number; readonly tiles: number }
  /** What was set aside and no record tells of yet. */
  readonly damages: readonly Damage[]
}

/** A directory whose trail is not continued. Its lock is held until its successor's is. */
export interface Passed {
  readonly reason: string
  readonly lock: Lock
}

/** What the opening of a directory stands on; tests put something else in place. */
export interface DirectoryParts {
  readonly disk: Disk
  readonly takeLock: typeof takeLock
}

/** The same for one trail and its successors, which have one key. */
export interface Ground extends DirectoryParts {
  readonly key: TrailKey
}

/** A directory to open, and what its trail is called where it has to be made. */
export interface Place {
  readonly directory: string
  /** The name that the trail must have; undefined where any will do. */
  readonly origin: string | undefined
  readonly newOrigin: () => string
  readonly follows: Follows | undefined
}

/** Opens the trail in one directory, which is made where it is missing. */
export async function openOne(ground: Ground, place: Place): Promise<Opened | Passed> {
  const layout = layoutOf(place.directory)
  await refuseForeign(ground.disk, layout)
  if (!(await isDirectory(ground.disk, place.directory))) await makeDirectory(ground.disk, place.directory)
  const lock = await ground.takeLock(layout.lock)
  try {
    const opened = await open(ground, layout, place)
    return typeof opened === 'string' ? { reason: opened, lock } : { ...opened, lock }
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** Whether a trail may be begun here: there is no `trail.json`, no checkpoint and no line. */
export async function isUnused(disk: Disk, layout: Layout): Promise<boolean> {
  if ((await disk.stat(layout.trail)) !== undefined || (await disk.stat(layout.checkpoint)) !== undefined) return false
  return !(await hasLines(disk, layout))
}

/** Whether there is a directory, perhaps behind a link. Throws where something else is there. */
export async function isDirectory(disk: Disk, path: string): Promise<boolean> {
  const found = await disk.stat(path)
  if (found === undefined || found.kind === 'directory') return found !== undefined
  const behind = await disk.stat(`${path}/.`).catch((error: unknown) => {
    if (!isSystemError(error, 'ENOTDIR')) throw error
  })
  if (behind === undefined) throw new TrailFailure('there is something else than a directory')
  return true
}

/** The signer of a trail. Throws where the trail is not the one that the settings mean, or was begun with another key. */
function signerOf(ground: Ground, header: Header, directory: string, origin: string | undefined): Signer {
  if (origin !== undefined && origin !== header.origin) {
    throw new AuditError('TRAIL_ORIGIN_DIFFERS', { directory, found: header.origin, expected: origin })
  }
  const signer = createSigner(header.origin, ground.key.load())
  const given = formatVerifierKey(signer.verifierKey)
  if (!header.keys.includes(given)) throw new AuditError('TRAIL_KEY_DIFFERS', { directory, given })
  return signer
}

/** Files that are somebody else's must not be taken for damage. */
async function refuseForeign(disk: Disk, layout: Layout): Promise<void> {
  if (!(await isDirectory(disk, layout.directory)) || !(await isUnused(disk, layout))) return
  if (await hasStrangers(disk, layout)) {
    throw new TrailFailure('it holds other files, and no trail')
  }
}

async function makeDirectory(disk: Disk, path: string): Promise<void> {
  await disk.mkdir(path)
  await disk.syncDirectory(dirname(path))
}

/** Gives the reason where the trail is not continued. */
async function open(ground: Ground, layout: Layout, place: Place): Promise<Omit<Opened, 'lock'> | string> {
  const { disk } = ground
  const header = (await isUnused(disk, layout)) ? await begin(ground, layout, place) : await readHeader(disk, layout)
  if (header === 'missing') return 'it has no trail.json'
  if (header === 'invalid') return 'its trail.json is not of its form'
  const signer = signerOf(ground, header, layout.directory, place.origin)
  const checkpoint = await checkpointOf(disk, layout, signer)
  if (typeof checkpoint === 'string') return checkpoint
  const inspection = await inspect(disk, layout, checkpoint)
  if (typeof inspection === 'string') return inspection
  const { tornBytes, tiles, damages, segment } = await mend(disk, layout, inspection)
  return {
    directory: layout.directory,
    origin: header.origin,
    trailHash: header.hash,
    follows: header.follows,
    signer,
    checkpointSize: checkpoint.size,
    segment,
    mended: { tornBytes, tiles },
    damages,
    ...factsOf(inspection),
  }
}

function factsOf({ scan }: Inspection): Pick<Opened, 'tree' | 'intents' | 'stopped' | 'lastTime'> {
  const { tree, facts } = scan
  return {
    tree,
    intents: facts.intents,
    stopped: tree.size === 0 || facts.last?.kind === 'stop',
    lastTime: facts.last?.time,
  }
}

async function begin({ disk, key }: Ground, layout: Layout, { newOrigin, follows }: Place): Promise<Header> {
  const origin = newOrigin()
  const keys = [formatVerifierKey(createSigner(origin, key.loadOrMake()).verifierKey)]
  // An earlier start may have ended before the directory's own name was durable.
  await disk.syncDirectory(dirname(layout.directory))
  await makeRoom(disk, layout)
  const bytes = formatHeader({ origin, keys, follows })
  await putFile(disk, layout, layout.trail, bytes)
  return { origin, keys, follows, hash: hashOfHeader(bytes) }
}

/** The newest checkpoint, which is made where there is no line yet. Gives the reason where the trail is not continued. */
async function checkpointOf(disk: Disk, layout: Layout, signer: Signer): Promise<Checkpoint | string> {
  const { name: origin } = signer.verifierKey
  const found = await readOwnCheckpoint(disk, layout, signer.privateKey, origin)
  if (found === 'invalid') return 'its checkpoint is not one that its key has signed'
  if (found !== 'missing') return found
  if (await hasLines(disk, layout)) return 'it has lines and no checkpoint'
  const first = { origin, size: 0, root: EMPTY_ROOT }
  await makeRoom(disk, layout)
  await putFile(disk, layout, layout.checkpoint, Buffer.from(signCheckpoint(first, signer)))
  return first
}
