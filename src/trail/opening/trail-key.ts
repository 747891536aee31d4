import type { KeyObject } from 'node:crypto'
import { existsSync } from 'node:fs'
import { AuditError } from '../../lib/errors.ts'
import { loadSigningKey } from '../signing-key.ts'

/** The signing key of a trail, which is read once, and made only for a trail that is new. */
export class TrailKey {
  readonly #given: string | KeyObject | undefined
  readonly #file: string
  #key: KeyObject | undefined

  /** Throws what `loadSigningKey` throws, where there is a key. */
  constructor(given: string | KeyObject | undefined, file: string) {
    this.#given = given
    this.#file = file
    if (this.exists()) this.loadOrMake()
  }

  /** Whether there is a key. */
  exists(): boolean {
    return this.#key !== undefined || this.#given !== undefined || existsSync(this.#file)
  }

  /** The key of a trail that was begun with it. */
  load(): KeyObject {
    if (this.exists()) return this.loadOrMake()
    const reason = 'it is missing, and the trail was begun with it'
    throw new AuditError('TRAIL_KEY_NOT_OPENED', { path: this.#file, reason })
  }

  loadOrMake(): KeyObject {
    const given = this.#given === undefined ? {} : { key: this.#given }
    this.#key ??= loadSigningKey({ ...given, file: this.#file })
    return this.#key
  }
}
