import { type KeyObject, randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { dirname, resolve } from 'node:path'
import { AuditError } from '../../lib/errors.ts'
import type { Disk } from '../disk.ts'
import type { Lock } from '../lock.ts'
import { trailError } from '../trail-failure.ts'
import { type DirectoryParts, type Ground, isDirectory, type Opened, openOne, type Place } from './open-one.ts'
import { type Candidate, findSuccessor, type Statement, statementOf } from './successor.ts'
import { TrailKey } from './trail-key.ts'

/** What decides which trail is opened, and how. */
export interface DirectorySettings {
  /** The trail's directory; it is made where it is missing, its parent is not. */
  readonly directory: string
  /** The signing key, as PKCS#8 PEM or as an object; else that of the file `<directory>.key`, which is made where it is missing. */
  readonly key?: string | KeyObject | undefined
  /** The name of the log; else that of `trail.json`, else one is made up. */
  readonly origin?: string | undefined
  /** A part of a name that is made up. */
  readonly loggerName: string
  /** Whether the trail may be on a file system that other machines share. */
  readonly allowNetworkFs: boolean
}

/** A trail that was not continued, and why. */
export interface NotContinued {
  readonly directory: string
  readonly reason: string
}

/** A trail that is open for writing, and the trails before it that were passed over. */
export interface OpenedTrail extends Opened {
  /** First to last; empty where the trail was continued. */
  readonly notContinued: readonly NotContinued[]
}

/**
 * Opens a trail to write to it: makes it, or mends what a crash left, or goes on in a successor. The records that tell of it are left to who
 * writes. Throws what `takeLock` and `loadSigningKey` throw, `TRAIL_ORIGIN_DIFFERS`, `TRAIL_KEY_DIFFERS`, `TRAIL_VERSION_UNKNOWN` and `TRAIL_NETWORK_FS`,
 * and then has changed nothing; `TRAIL_PATH_CHANGED` where the directory goes away meanwhile, `TRAIL_OPEN_FAILED` for all else that is refused.
 */
export async function openDirectory(settings: DirectorySettings, parts: DirectoryParts): Promise<OpenedTrail> {
  try {
    const first = resolve(settings.directory)
    const ground = { ...parts, key: new TrailKey(settings.key, `${first}.key`) }
    if (!settings.allowNetworkFs) await refuseNetwork(parts.disk, first)
    return await new Chain(ground, first, settings).open()
  } catch (error) {
    throw trailError('TRAIL_OPEN_FAILED', { directory: settings.directory }, error)
  }
}

async function refuseNetwork(disk: Disk, directory: string): Promise<void> {
  const place = (await isDirectory(disk, directory)) ? directory : dirname(directory)
  if ((await disk.fileSystem(place)) === 'network') throw new AuditError('TRAIL_NETWORK_FS', { directory })
}

/** A trail and its successors. */
class Chain {
  readonly #ground: Ground
  readonly #first: string
  readonly #settings: DirectorySettings
  readonly #passed: NotContinued[] = []
  readonly #locks: Lock[] = []
  /** The name of the first trail, as soon as something tells it. */
  #origin: string | undefined

  constructor(ground: Ground, first: string, settings: DirectorySettings) {
    this.#ground = ground
    this.#first = first
    this.#settings = settings
    this.#origin = settings.origin
  }

  async open(): Promise<OpenedTrail> {
    const { origin } = this.#settings
    let place: Place = { directory: this.#first, origin, newOrigin: () => this.#firstOrigin(), follows: undefined }
    try {
      for (let number = 1; ; ) {
        const next = await this.#pass(place, number)
        if (!('place' in next)) return { ...next, notContinued: this.#passed }
        ;({ place, number } = next)
      }
    } finally {
      // Whoever comes after a lock was given back finds the successor.
      for (const lock of this.#locks) await lock.release()
    }
  }

  /** Opens a place, or gives the next one. A trail that has a successor stays as it is, even if it could be continued. */
  async #pass(place: Place, number: number): Promise<Opened | { place: Place; number: number }> {
    const { directory } = place
    const before = await this.#successor(place, number)
    if (before?.header !== undefined) {
      this.#passed.push({ directory, reason: `it has a successor, ${before.directory}` })
      return this.#placeOf(before)
    }
    const found = await openOne(this.#ground, place)
    if (!('reason' in found)) return found
    this.#locks.push(found.lock)
    this.#passed.push({ directory, reason: found.reason })
    // Looked for once more, as another process may have begun one before the lock was ours.
    const after = await this.#successor(place, number)
    if (after === undefined) {
      throw new AuditError('TRAIL_PATH_CHANGED', { directory, reason: 'it went away while it was opened' })
    }
    return this.#placeOf(after)
  }

  async #successor(place: Place, number: number): Promise<(Candidate & { follows: Statement }) | undefined> {
    const follows = await statementOf(this.#ground, place.directory)
    if (follows === undefined) return undefined
    if (number === 1) this.#origin ??= follows.origin
    return { ...(await findSuccessor(this.#ground.disk, this.#first, number, follows)), follows }
  }

  #placeOf({ directory, number, header, follows }: Candidate & { follows: Statement }): {
    place: Place
    number: number
  } {
    const suffix = `/${number}`
    if (header?.origin.endsWith(suffix)) this.#origin ??= header.origin.slice(0, -suffix.length)
    const newOrigin = (): string => `${this.#firstOrigin()}${suffix}`
    const followed = { ...follows, origin: follows.origin ?? this.#firstOrigin() }
    return { place: { directory, origin: undefined, newOrigin, follows: followed }, number }
  }

  #firstOrigin(): string {
    this.#origin ??= defaultOrigin(this.#settings.loggerName)
    return this.#origin
  }
}

/** A name that no other trail has. */
function defaultOrigin(loggerName: string): string {
  return [hostname(), loggerName, randomBytes(4).toString('hex')].map(sanitised).join('/')
}

function sanitised(text: string): string {
  return text.replace(/[^\w.~-]+/g, '-').slice(0, 100) || 'audit'
}
