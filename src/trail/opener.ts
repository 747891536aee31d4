import { AuditError } from '../lib/errors.ts'
import type { SealedRecord } from '../record/sealed-record.ts'
import { type Deferred, deferred } from './deferred.ts'
import { type Disk, disk as realDisk } from './disk.ts'
import type { Gap } from './gap.ts'
import { type Lock, takeLock } from './lock.ts'
import { type DirectorySettings, type OpenedTrail, openDirectory } from './opening/open-directory.ts'
import type { OwnRecords, OwnRecordsParts } from './own-records.ts'
import { trailError } from './trail-failure.ts'
import { Writer } from './writer.ts'

const againMs = 1_000
/** What is wrong with what is there, and stays so: opening is not tried again. */
const lasting = new Set<string>([
  'TRAIL_KEY_INVALID',
  'TRAIL_KEY_EXPOSED',
  'TRAIL_KEY_DIFFERS',
  'TRAIL_ORIGIN_DIFFERS',
  'TRAIL_VERSION_UNKNOWN',
  'TRAIL_NETWORK_FS',
])

/** What a trail is opened with. */
export interface OpenerParts extends OwnRecordsParts {
  readonly settings: Omit<DirectorySettings, 'loggerName'>
  /** Gets every record, the trail's own too, in the order of the file, once it is durable. Must not throw. */
  readonly durable: (records: readonly SealedRecord[]) => void
  readonly report: (error: AuditError) => void
  /** After so long an operation of the disk counts as failed, in milliseconds. */
  readonly syncTimeoutMs: number
  /** Tests put their own in place. */
  readonly disk?: Disk | undefined
  readonly takeLock?: typeof takeLock | undefined
}

/** Opens a trail's directory and begins to write there; tries again where that may help. */
export class Opener {
  /** Present as soon as the trail is open. */
  writer: Writer | undefined
  /** Where the trail is, or is to be. */
  directory: string
  lock: Lock['kind'] | undefined
  /** Why it could not be opened the last time. */
  error: AuditError | undefined
  readonly ready: Promise<void>
  readonly #ready: Deferred = deferred()
  readonly #parts: OpenerParts
  readonly #own: OwnRecords
  readonly #gap: Gap
  readonly #changed: () => void
  #opening: Promise<void>
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  /** `changed` is called when the trail is open, could not be opened, fails, or has got over it. */
  constructor(parts: OpenerParts, own: OwnRecords, gap: Gap, changed: () => void) {
    this.#parts = parts
    this.#own = own
    this.#gap = gap
    this.#changed = changed
    this.directory = parts.settings.directory
    this.ready = this.#ready.promise
    this.#opening = this.#open()
  }

  /** When an opening that is under way has ended. Never rejects. */
  whenIdle(): Promise<void> {
    return this.#opening
  }

  /** Does not try again. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  async #open(): Promise<void> {
    const { settings, loggerName, disk = realDisk, takeLock: take = takeLock } = this.#parts
    try {
      const opened = await openDirectory({ ...settings, loggerName }, { disk, takeLock: take })
      this.directory = opened.directory
      this.lock = opened.lock.kind
      this.#tell(opened)
      const writer = await this.#openWriter(opened, disk)
      const started = writer.start(this.#own.opening(opened))
      await started.catch(() => undefined)
      this.writer = writer
      this.error = undefined
      this.#changed()
      await started
      this.#ready.resolve()
    } catch (thrown) {
      this.#failed(thrown)
    }
  }

  async #openWriter(opened: OpenedTrail, disk: Disk): Promise<Writer> {
    const { clock, syncTimeoutMs, report, durable } = this.#parts
    try {
      return await Writer.open({
        disk,
        opened,
        own: this.#own,
        syncTimeoutMs,
        monotonic: () => clock.monotonic(),
        report,
        durable,
        gap: () => this.#own.gap(this.#gap),
        changed: () => this.writer !== undefined && this.#changed(),
      })
    } catch (error) {
      await opened.lock.release()
      throw error
    }
  }

  #tell({ notContinued, damages, directory }: OpenedTrail): void {
    const { report } = this.#parts
    for (const { directory: before, reason } of notContinued) {
      report(new AuditError('TRAIL_NOT_CONTINUED', { directory: before, reason, successor: directory }))
    }
    for (const damage of damages) report(new AuditError('TRAIL_DAMAGED', { directory, ...damage }))
  }

  #failed(thrown: unknown): void {
    const error = trailError('TRAIL_OPEN_FAILED', { directory: this.directory }, thrown)
    this.#ready.reject(error)
    // A trail that is open gets over its failures by itself.
    if (this.writer !== undefined) return
    if (this.error?.message !== error.message) this.#parts.report(error)
    this.error = error
    this.#changed()
    if (this.#isStopped || lasting.has(error.code)) return
    this.#timer = setTimeout(() => {
      this.#opening = this.#open()
    }, againMs).unref()
  }
}
