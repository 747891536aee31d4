import { basename, join } from 'node:path'
import { AuditError } from '../lib/errors.ts'
import type { Disk, DiskFile, DiskStat } from './disk.ts'
import type { Layout } from './layout.ts'
import { writeAll } from './write-all.ts'

/** The segment that is written to. */
export class Segment {
  /** The index of its first line. */
  readonly first: number
  /** Bytes of whole lines that were written in full. */
  bytes: number
  /** Bytes of them that are durable. */
  durableBytes: number
  /** Whether a write has failed, so that a part of it may lie behind the lines. */
  isTorn = false
  /** Whether it is not to be trusted any more. */
  isSpoiled = false
  /** Whether it is where readers look; if not, it is below `control/`, and not to be synced yet. */
  isInPlace = true
  readonly #disk: Disk
  readonly #layout: Layout
  readonly #file: DiskFile
  readonly #identity: DiskStat
  #isNameDurable = false

  private constructor(disk: Disk, layout: Layout, first: number, file: DiskFile, identity: DiskStat) {
    this.#disk = disk
    this.#layout = layout
    this.first = first
    this.#file = file
    this.#identity = identity
    this.bytes = identity.size
    this.durableBytes = identity.size
  }

  /** Opens the last segment, all of which is durable. */
  static async open(disk: Disk, layout: Layout, first: number): Promise<Segment> {
    const file = await disk.open(layout.segment(first), 'write')
    return Segment.#of(disk, layout, first, file)
  }

  /** Makes a segment below `control/`, empty. */
  static async make(disk: Disk, layout: Layout, first: number): Promise<Segment> {
    const path = temporaryPath(layout, first)
    if ((await disk.stat(path)) !== undefined) await disk.unlink(path)
    const segment = await Segment.#of(disk, layout, first, await disk.open(path, 'create'))
    segment.isInPlace = false
    return segment
  }

  static async #of(disk: Disk, layout: Layout, first: number, file: DiskFile): Promise<Segment> {
    try {
      return new Segment(disk, layout, first, file, await file.stat())
    } catch (error) {
      await file.close()
      throw error
    }
  }

  get path(): string {
    return this.#layout.segment(this.first)
  }

  /** Writes lines behind those that are there. Throws the system's error. */
  write(lines: Uint8Array): void {
    this.isTorn = true
    writeAll(this.#file, lines, this.bytes)
    this.isTorn = false
    this.bytes += lines.length
  }

  /** Puts it in its place, over one that has no durable line. */
  async place(): Promise<void> {
    await this.#disk.rename(temporaryPath(this.#layout, this.first), this.path)
    this.isInPlace = true
  }

  /** Makes durable what was written by now; the number of bytes that are. Throws where it fails, or the path leads elsewhere. */
  async sync(): Promise<number> {
    const { bytes } = this
    await this.#file.datasync()
    if (!this.#isNameDurable) await this.#disk.syncDirectory(this.#layout.segments)
    this.#isNameDurable = true
    const found = await this.#disk.stat(this.path)
    if (found?.ino !== this.#identity.ino || found.dev !== this.#identity.dev) {
      const reason = found === undefined ? `${this.path} is gone` : `${this.path} is another file`
      throw new AuditError('TRAIL_PATH_CHANGED', { directory: this.#layout.directory, reason })
    }
    return bytes
  }

  /** The same at the end of the process, when nothing can be waited for. */
  syncNow(): void {
    this.#file.datasyncSync()
    this.durableBytes = this.bytes
  }

  /** Cuts off what a failed write has left, for good: a power cut must not mix it with what is written there next. */
  async cut(): Promise<void> {
    await this.#file.truncate(this.bytes)
    await this.#file.datasync()
    this.isTorn = false
  }

  /** Cuts off what is not durable. */
  async cutToDurable(): Promise<void> {
    await this.#file.truncate(this.durableBytes)
  }

  /** The number of bytes behind the durable ones, those of writes that failed included. */
  async undurableBytes(): Promise<number> {
    return (await this.#file.stat()).size - this.durableBytes
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

function temporaryPath(layout: Layout, first: number): string {
  return join(layout.control, basename(layout.segment(first)))
}
