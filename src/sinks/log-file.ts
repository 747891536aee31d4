import { constants } from 'node:fs'
import { AuditError, safeReasonOf } from '../lib/errors.ts'
import type { FileSystem } from './file-system.ts'
import { Outgoing } from './outgoing.ts'
import { rotate } from './rotation.ts'
import type { LineAnswer } from './sink.ts'

const checkEveryMs = 1_000
const settleMs = 5

/** When a log file is put aside and a new one begun. */
export interface Rotation {
  readonly maxSize: number
  readonly maxAgeMs: number
  readonly maxFiles: number
}

/** Where the log file gets its files and its time. */
export interface FileEnvironment {
  readonly fs: FileSystem
  readonly now: () => number
}

interface OpenFile {
  readonly descriptor: number
  readonly device: number
  readonly inode: number
  readonly born: number
}

/** A file that lines are appended to, that stays itself when it is moved, deleted, full or rotated. */
export class LogFile {
  readonly #path: string
  readonly #mode: number
  readonly #rotation: Rotation | undefined
  readonly #environment: FileEnvironment
  #file: OpenFile | undefined
  #torn = false
  #checkedAt = 0
  #closed = false

  /** Throws `FILE_NOT_OPENED`. */
  constructor(path: string, mode: number, rotation: Rotation | undefined, environment: FileEnvironment) {
    this.#path = path
    this.#mode = mode
    this.#rotation = rotation
    this.#environment = environment
    this.#open()
  }

  write(lines: readonly string[]): LineAnswer | undefined {
    try {
      const moved = this.#freshen()
      const answer = this.#rotation === undefined ? this.#append(lines) : this.#appendRotating(lines, this.#rotation)
      return answer ?? (moved ? { error: new AuditError('FILE_MOVED', { path: this.#path }) } : undefined)
    } catch (error) {
      return { taken: 0, error: this.#failure('FILE_NOT_WRITTEN', error) }
    }
  }

  /** Opens the path anew; where that fails, the next write says so. */
  reopen(): void {
    if (this.#closed) return
    this.#release()
    try {
      this.#open()
    } catch {
      this.#file = undefined
    }
  }

  close(): void {
    this.#closed = true
    this.#release()
  }

  #release(): void {
    if (this.#file !== undefined) this.#environment.fs.closeSync(this.#file.descriptor)
    this.#file = undefined
  }

  #open(): OpenFile {
    const { fs, now } = this.#environment
    try {
      const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT
      const descriptor = fs.openSync(this.#path, flags, this.#mode)
      const { dev, ino, birthtimeMs } = fs.fstatSync(descriptor)
      this.#torn = endsTorn(fs, this.#path)
      this.#checkedAt = now()
      this.#file = { descriptor, device: dev, inode: ino, born: birthtimeMs > 0 ? birthtimeMs : now() }
      return this.#file
    } catch (error) {
      throw this.#failure('FILE_NOT_OPENED', error)
    }
  }

  /** Makes sure that what is written lands at the path. Tells whether the file was moved by others. */
  #freshen(): boolean {
    const { now } = this.#environment
    if (this.#file === undefined) {
      this.#open()
      return false
    }
    if (this.#rotation === undefined && Math.abs(now() - this.#checkedAt) < checkEveryMs) return false
    this.#checkedAt = now()
    if (this.#isAtPath(this.#file)) return false
    // With rotation on, another process may have moved it: only a deletion is news.
    const isNews = this.#rotation === undefined || this.#isDeleted(this.#file)
    this.reopen()
    return isNews
  }

  #isAtPath(file: OpenFile): boolean {
    const found = this.#environment.fs.statSync(this.#path, { throwIfNoEntry: false })
    return found !== undefined && found.ino === file.inode && found.dev === file.device
  }

  #isDeleted(file: OpenFile): boolean {
    return this.#environment.fs.fstatSync(file.descriptor).nlink === 0
  }

  #append(lines: readonly string[]): LineAnswer | undefined {
    const { fs } = this.#environment
    const { descriptor } = this.#file ?? this.#open()
    const outgoing = new Outgoing(lines, this.#torn ? Buffer.from('\n') : undefined)
    try {
      outgoing.writeTo(
        (bytes, offset, length) => fs.writeSync(descriptor, bytes, offset, length),
        Number.POSITIVE_INFINITY,
      )
      this.#torn = false
      return undefined
    } catch (error) {
      this.#torn = outgoing.unfinished.length > 0
      return { taken: outgoing.wholeLines, error: this.#failure('FILE_NOT_WRITTEN', error) }
    }
  }

  #appendRotating(lines: readonly string[], rotation: Rotation): LineAnswer | undefined {
    let rotationFailure: LineAnswer | undefined
    let taken = 0
    while (taken < lines.length) {
      rotationFailure ??= this.#rotateIfDue(lines[taken] ?? '', rotation)
      const end = rotationFailure === undefined ? this.#endOfPiece(lines, taken, rotation) : lines.length
      const answer = this.#append(lines.slice(taken, end))
      if (answer !== undefined) return { ...answer, taken: taken + (answer.taken ?? 0) }
      taken = end
    }
    return rotationFailure
  }

  #rotateIfDue(nextLine: string, { maxSize, maxAgeMs, maxFiles }: Rotation): LineAnswer | undefined {
    const { fs, now } = this.#environment
    const file = this.#file ?? this.#open()
    const { size } = fs.fstatSync(file.descriptor)
    if (size === 0 || (size + bytesOf(nextLine) <= maxSize && now() - file.born < maxAgeMs)) return undefined
    try {
      if (this.#isAtPath(file)) rotate(fs, this.#path, now(), maxFiles)
    } catch (error) {
      return { error: this.#failure('FILE_NOT_ROTATED', error) }
    }
    this.#release()
    this.#open()
    return undefined
  }

  /** Small pieces, as other processes may be filling the same file: each can overshoot by one at most. */
  #endOfPiece(lines: readonly string[], start: number, { maxSize }: Rotation): number {
    const { fs } = this.#environment
    const { size } = fs.fstatSync((this.#file ?? this.#open()).descriptor)
    let room = Math.min(maxSize - size, maxSize / 16)
    let end = start
    while (end < lines.length) {
      room -= bytesOf(lines[end] ?? '')
      if (room < 0) break
      end++
    }
    return Math.max(end, start + 1)
  }

  #failure(code: 'FILE_NOT_OPENED' | 'FILE_NOT_WRITTEN' | 'FILE_NOT_ROTATED', cause: unknown): AuditError {
    if (cause instanceof AuditError) return cause
    return new AuditError(code, { path: this.#path, reason: safeReasonOf(cause) }, cause)
  }
}

function bytesOf(line: string): number {
  return Buffer.byteLength(line) + 1
}

/** Whether the last writer died in the middle of a line. A line that another process is writing just now still grows. */
function endsTorn(fs: FileSystem, path: string): boolean {
  const sleeper = new Int32Array(new SharedArrayBuffer(4))
  let size = tornSize(fs, path)
  while (size !== undefined) {
    Atomics.wait(sleeper, 0, 0, settleMs)
    const now = tornSize(fs, path)
    if (now === size) return true
    size = now
  }
  return false
}

/** The size of a file that does not end in a newline; undefined for others, and for one that may not be read. */
function tornSize(fs: FileSystem, path: string): number | undefined {
  let descriptor: number | undefined
  try {
    descriptor = fs.openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const status = fs.fstatSync(descriptor)
    if (!status.isFile() || status.size === 0) return undefined
    const last = Buffer.alloc(1)
    fs.readSync(descriptor, last, 0, 1, status.size - 1)
    return last[0] === 10 ? undefined : status.size
  } catch {
    return undefined
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor)
  }
}
