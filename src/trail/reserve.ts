import type { Disk, DiskFile } from './disk.ts'
import { writeAll } from './write-all.ts'

/** The size of `reserve` where it is filled. */
export const reserveBytes = 65_536
const refillAfterMs = 60_000

/** Space that is taken while the disk has room, and given back when it is full, so that a gap record still fits. */
export class Reserve {
  readonly #disk: Disk
  readonly #path: string
  readonly #monotonic: () => number
  #file: DiskFile | undefined
  #isFull = false
  #givenBackAt = Number.NEGATIVE_INFINITY

  constructor(disk: Disk, path: string, monotonic: () => number) {
    this.#disk = disk
    this.#path = path
    this.#monotonic = monotonic
  }

  /** Takes the space, where it is not taken and the disk was not full a moment ago. Rejects where there is none. */
  async fill(): Promise<void> {
    if (this.#isFull || this.#monotonic() - this.#givenBackAt < refillAfterMs) return
    const there = await this.#disk.stat(this.#path)
    this.#file ??= await this.#disk.open(this.#path, there === undefined ? 'create' : 'write')
    try {
      if (there?.size !== reserveBytes) writeAll(this.#file, Buffer.alloc(reserveBytes), 0)
      this.#isFull = true
    } catch (error) {
      await this.giveBack()
      throw error
    }
  }

  /** Gives the space back. */
  async giveBack(): Promise<void> {
    this.#givenBackAt = this.#monotonic()
    this.#isFull = false
    await this.#file?.truncate(0)
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }
}
