import { AuditError } from '../lib/errors.ts'
import { isSystemError } from '../lib/system-error.ts'
import type { DamagePart } from '../record/record.ts'
import type { Batch } from './batch.ts'
import type { Committer } from './committer.ts'
import type { Disk, DiskStat } from './disk.ts'
import { type Layout, segmentPath } from './layout.ts'
import type { Reserve } from './reserve.ts'
import { Segment } from './segment.ts'
import type { TimeLimit } from './time-limit.ts'

export interface MenderParts {
  readonly disk: Disk
  readonly layout: Layout
  readonly committer: Committer
  /** What the trail's directory was when it was opened. */
  readonly identity: Pick<DiskStat, 'dev' | 'ino'>
  readonly reserve: Reserve
  /** Limits each step. */
  readonly limit: TimeLimit
  /** What stands at the head of a new segment. */
  readonly head: () => Batch
  /** A batch with one damage record. */
  readonly damage: (damage: DamagePart) => Batch
}

/** Brings a trail back to work after a write or a sync has failed. */
export class Mender {
  readonly #parts: MenderParts
  /** Segments that are not written any more, and may have lines that are not durable. */
  #retired: Segment[] = []

  constructor(parts: MenderParts) {
    this.#parts = parts
  }

  /**
   * Cuts the segment or begins a new one, writes what is owed, and makes all of it durable. Rejects with what went wrong; it
   * can be tried again then. Must not be called while it runs.
   */
  async mend(cause: unknown): Promise<void> {
    const { committer, limit, reserve } = this.#parts
    await limit.whenIdle()
    await committer.whenIdle()
    if (isFull(cause)) await limit.run(() => reserve.giveBack()).catch(() => undefined)
    await this.#cutTorn()
    if (committer.segment.isSpoiled) await this.#beginSegment()
    committer.writeOwed()
    await this.#place()
    await this.#cutRetired()
    committer.writeOwed()
    await committer.settle()
  }

  /** Closes what is still open of segments before the last. */
  async close(): Promise<void> {
    await Promise.all(this.#retired.splice(0).map((segment) => segment.close().catch(() => undefined)))
  }

  async #cutTorn(): Promise<void> {
    const { committer, limit } = this.#parts
    const { segment } = committer
    if (!segment.isTorn || segment.isSpoiled) return
    try {
      await limit.run(() => segment.cut())
    } catch (error) {
      // Also where the cut only takes too long: it may then come after what would be written here. Nothing is done to the
      // segment before it has ended, as it would undo a shorter cut.
      committer.spoil(error)
      throw error
    }
  }

  async #beginSegment(): Promise<void> {
    const { disk, layout, committer, identity, limit, head } = this.#parts
    const directory = await limit.run(() => disk.stat(layout.directory))
    if (directory?.ino !== identity.ino || directory.dev !== identity.dev) {
      const reason = directory === undefined ? 'the directory is gone' : 'another directory is in its place'
      throw new AuditError('TRAIL_PATH_CHANGED', { directory: layout.directory, reason })
    }
    const before = committer.segment
    committer.segment = await this.#make(committer.durableSize)
    if (before.first === committer.durableSize) void before.close().catch(() => undefined)
    else if (!this.#retired.includes(before)) this.#retired.push(before)
    const repeats = head()
    if (repeats.entries.length > 0) committer.owed.unshift(repeats)
  }

  /** Now that all lines of the segments before are in it: whenever the process dies, one of them has each. */
  async #place(): Promise<void> {
    const { committer, limit } = this.#parts
    const { segment } = committer
    if (segment.isInPlace) return
    try {
      await limit.run(() => segment.place())
    } catch (error) {
      committer.spoil(error)
      throw error
    }
    committer.syncSoon()
  }

  #make(first: number): Promise<Segment> {
    const { disk, layout, limit } = this.#parts
    return limit.run(
      () => Segment.make(disk, layout, first),
      (segment) => segment.close().catch(() => undefined),
    )
  }

  /** What is not durable in the segments before is in this one now. */
  async #cutRetired(): Promise<void> {
    const { committer, damage, limit } = this.#parts
    for (let segment = this.#retired[0]; segment !== undefined; segment = this.#retired[0]) {
      const cut = segment
      try {
        await limit.run(() => cut.cutToDurable())
      } catch {
        const bytes = await limit.run(() => cut.undurableBytes()).catch(() => cut.bytes - cut.durableBytes)
        if (bytes > 0) {
          committer.owed.push(damage({ file: segmentPath(cut.first), offset: cut.durableBytes, bytes }))
        }
      }
      this.#retired.shift()
      void limit
        .whenIdle()
        .then(() => cut.close())
        .catch(() => undefined)
    }
  }
}

/** Whether an error says that there is no room. */
function isFull(error: unknown): boolean {
  return isSystemError(error, 'ENOSPC') || isSystemError(error, 'EDQUOT')
}
