import { closeSync, constants, type Dir, type Dirent, lstatSync, opendirSync, openSync, readSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Faults } from './fault.ts'

/** Nothing is followed, and nothing that blocks when it is opened blocks. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** What a page of text fits in; a larger file of text is none of a trail. */
const MOST_TEXT_BYTES = 65_536

/** Directories that are remembered to be such. */
const MOST_REMEMBERED = 10_000

export type Kind = 'file' | 'directory' | 'other'

export interface Entry {
  readonly name: string
  /** Within the directory of the trail. */
  readonly path: string
  readonly kind: Kind
}

/** What the operating system said, as a code: `ENOENT`. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'EIO'
}

function kindOf(entry: { isFile(): boolean; isDirectory(): boolean }): Kind {
  if (entry.isFile()) return 'file'
  return entry.isDirectory() ? 'directory' : 'other'
}

/**
 * Reads what is in one trail: plain files in plain directories only. Small files and lists are read at
 * once, as there are many and each way through a thread costs more than what it reads.
 */
export class Files {
  readonly #root: string
  readonly #faults: Faults
  readonly #plain = new Set<string>()

  constructor(root: string, faults: Faults) {
    this.#root = root
    this.#faults = faults
  }

  /** Undefined where nothing is. A link is not followed. */
  kind(path: string): Kind | undefined {
    try {
      const stat = lstatSync(join(this.#root, path), { throwIfNoEntry: false })
      return stat === undefined ? undefined : kindOf(stat)
    } catch (error) {
      this.#unreadable(path, error)
      return undefined
    }
  }

  /** Changes when the file or directory does; empty where nothing is. */
  stamp(path: string): string {
    try {
      const { ino, size, mtimeNs, ctimeNs } = lstatSync(join(this.#root, path), { bigint: true })
      return `${ino} ${size} ${mtimeNs} ${ctimeNs}`
    } catch {
      return ''
    }
  }

  /** In bytes; 0 where nothing is. */
  size(path: string): number {
    try {
      return lstatSync(join(this.#root, path)).size
    } catch {
      return 0
    }
  }

  /** Opens a plain file; undefined where it is not there, or is a fault. */
  async open(path: string): Promise<FileHandle | undefined> {
    if (!this.#isPlain(path)) return undefined
    try {
      return await open(join(this.#root, path), READ)
    } catch (error) {
      this.#unreadable(path, error)
      return undefined
    }
  }

  /** The bytes of a small file, at most one more than `most`; undefined where it is not there, or is a fault. */
  read(path: string, most: number = MOST_TEXT_BYTES): Buffer | undefined {
    if (!this.#isPlain(path)) return undefined
    let file: number | undefined
    try {
      file = openSync(join(this.#root, path), READ)
      return readAll(file, most + 1)
    } catch (error) {
      this.#unreadable(path, error)
      return undefined
    } finally {
      if (file !== undefined) closeSync(file)
    }
  }

  /** What is in a directory, one by one; nothing where it is not there. */
  *list(path: string): Generator<Entry> {
    if (!this.#areDirectories(`${path}/`)) return
    let directory: Dir | undefined
    try {
      directory = opendirSync(join(this.#root, path), { bufferSize: 1024 })
      for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
        const inside = path === '' ? entry.name : `${path}/${entry.name}`
        const kind = this.#kindOfEntry(inside, entry)
        if (kind !== undefined) yield { name: entry.name, path: inside, kind }
      }
    } catch (error) {
      this.#unreadable(path, error)
    } finally {
      directory?.closeSync()
    }
  }

  /** What is gone was there a moment ago: whoever needs it says that it is missing. */
  #unreadable(path: string, error: unknown): void {
    const code = systemCode(error)
    if (code !== 'ENOENT') this.#faults.add('UNREADABLE', { file: path }, `The system says ${code}.`)
  }

  /** Some file systems do not tell the kind of an entry in their list. */
  #kindOfEntry(path: string, entry: Dirent): Kind | undefined {
    const kind = kindOf(entry)
    return kind === 'other' ? this.kind(path) : kind
  }

  #isPlain(path: string): boolean {
    const kind = this.#areDirectories(path) ? this.kind(path) : undefined
    if (kind !== undefined && kind !== 'file') this.#faults.add('KIND', { file: path })
    return kind === 'file'
  }

  /** Whether all above a path are directories; a link among them would lead elsewhere. */
  #areDirectories(path: string): boolean {
    const above = path.slice(0, Math.max(path.lastIndexOf('/'), 0))
    if (above === '' || this.#plain.has(above)) return true
    if (!this.#areDirectories(above) || this.kind(above) !== 'directory') return false
    if (this.#plain.size >= MOST_REMEMBERED) this.#plain.clear()
    this.#plain.add(above)
    return true
  }
}

function readAll(file: number, most: number): Buffer {
  const bytes = Buffer.allocUnsafe(most)
  let length = 0
  while (length < most) {
    const read = readSync(file, bytes, length, most - length, length)
    if (read === 0) break
    length += read
  }
  return bytes.subarray(0, length)
}
