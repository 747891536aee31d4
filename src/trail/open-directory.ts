import type { KeyObject } from 'node:crypto'
import type { Disk } from './disk.ts'
import type { Lock, takeLock } from './lock.ts'
import type { Tree } from './merkle.ts'
import type { Signer } from './signed-note.ts'

/** What decides which trail is opened, and how. */
export interface DirectorySettings {
  /** The trail's directory; it is made where it is missing, its parent is not. */
  readonly directory: string
  /** The signing key: PKCS#8 PEM, its path, or the key; else the file beside the directory. */
  readonly key?: string | KeyObject | undefined
  /** The name of the log; else that of `trail.json`, else one is made up. */
  readonly origin?: string | undefined
  readonly loggerName: string
  readonly allowNetworkFs: boolean
}

/** What a trail follows: the newest checkpoint of a trail that was not continued; `root` is base64. */
export interface Follows {
  readonly origin: string
  readonly size: number
  readonly root: string
}

/** Bytes of a file that belong to no line, as a `damage` record names them. */
export interface Damage {
  /** The path within the trail's directory. */
  readonly file: string
  readonly offset: number
  readonly bytes: number
  /** Where the bytes are now: a path below `damage/`. */
  readonly moved?: string
}

/** A trail that was not continued, and why. */
export interface NotContinued {
  readonly directory: string
  readonly reason: string
}

/** A trail that is open for writing, mended, and what was found in it. */
export interface OpenedTrail {
  /** The directory to write in: a successor's where the trail was not continued. */
  readonly directory: string
  readonly origin: string
  /** SHA-256 of `trail.json`, in lower-case hexadecimal. */
  readonly trailHash: string
  readonly follows: Follows | undefined
  /** The trails that this one follows and that were passed over, first to last; empty where the trail was continued. */
  readonly notContinued: readonly NotContinued[]
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
  readonly damages: readonly Damage[]
}

/** What the opening of a directory stands on; tests put something else in place. */
export interface DirectoryParts {
  readonly disk: Disk
  readonly takeLock: typeof takeLock
}

/** Opens a trail to write to it: makes it or mends it. */
export function openDirectory(settings: DirectorySettings, _parts: DirectoryParts): Promise<OpenedTrail> {
  throw new Error(`not made yet: ${settings.directory}`)
}
