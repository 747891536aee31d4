import { dirname, join } from 'node:path'
import type { Disk, DiskFile } from '../disk.ts'
import type { Layout } from '../layout.ts'
import { withFile } from '../small-file.ts'
import { writeAll } from '../write-all.ts'

/** Bytes of a file that belong to no line, as a `damage` record names them. */
export interface Damage {
  /** The path within the trail's directory. */
  readonly file: string
  readonly offset: number
  /** 0 for what is no file. */
  readonly bytes: number
  /** Where the bytes are now: a path below `damage/`. */
  readonly moved?: string
}

const pieceBytes = 256 * 1024
/** A name may have 255 bytes. */
const maxNameLength = 200

/**
 * Moves files and copies bytes to `damage/`. What is there has the path it came from and the offset in its name, so that it can still be told
 * of after a recovery that was interrupted before its records were safe.
 */
export class DamageRoom {
  readonly #disk: Disk
  readonly #layout: Layout
  /** The names that records tell of. */
  readonly #named: ReadonlySet<string>

  constructor(disk: Disk, layout: Layout, named: ReadonlySet<string>) {
    this.#disk = disk
    this.#layout = layout
    this.#named = named
  }

  /** Moves what is at a path within the trail's directory, whatever it is. */
  async move(path: string): Promise<void> {
    const { directory, damage } = this.#layout
    const from = join(directory, path)
    const name = await this.#freeName(path, 0)
    await this.#disk.rename(from, join(damage, name))
    await this.#disk.syncDirectory(damage)
    await this.#disk.syncDirectory(dirname(from))
  }

  /** Copies a file's bytes from an offset to its end, safe on disk when the promise resolves. */
  async copy(path: string, offset: number, bytes: number): Promise<void> {
    const { directory, damage, control } = this.#layout
    const name = await this.#freeName(path, offset, bytes)
    // A recovery before this one came as far as that.
    if ((await this.#disk.stat(join(damage, name))) !== undefined) return
    const temporary = join(control, 'damage')
    await withFile(this.#disk, join(directory, path), 'read', (from) =>
      withFile(this.#disk, temporary, 'create', (to) => copyBytes(from, offset, to)),
    )
    await this.#disk.rename(temporary, join(damage, name))
    await this.#disk.syncDirectory(damage)
  }

  /** All that was set aside and that no record tells of, in the order of the names. */
  async untold(): Promise<Damage[]> {
    const damages: Damage[] = []
    for (const moved of await this.#disk.list(this.#layout.damage)) {
      const found = this.#named.has(moved) ? undefined : parseName(moved)
      const stat = found === undefined ? undefined : await this.#disk.stat(join(this.#layout.damage, moved))
      if (found === undefined || stat === undefined) continue
      damages.push({ ...found, bytes: stat.kind === 'file' ? stat.size : 0, moved })
    }
    return damages
  }

  /** A name that is not taken, or is so by a copy of as many bytes that nothing tells of. */
  async #freeName(path: string, offset: number, copied?: number): Promise<string> {
    for (let number = 1; ; number++) {
      const name = damageName(path, offset, number)
      const found = await this.#disk.stat(join(this.#layout.damage, name))
      if (found === undefined) return name
      if (found.kind === 'file' && found.size === copied && !this.#named.has(name)) return name
    }
  }
}

function damageName(path: string, offset: number, number: number): string {
  const name = encodeURIComponent(path.toWellFormed()).slice(0, maxNameLength)
  return `${name}@${offset}${number === 1 ? '' : `.${number}`}`
}

function parseName(name: string): { file: string; offset: number } | undefined {
  const [, file, offset] = /^(.+)@(\d+)(?:\.\d+)?$/.exec(name) ?? []
  return file === undefined ? undefined : { file: decoded(file), offset: Number(offset) }
}

/** A name that was too long may have been cut in the middle of a character. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

async function copyBytes(from: DiskFile, offset: number, to: DiskFile): Promise<void> {
  const piece = Buffer.allocUnsafe(pieceBytes)
  for (let done = 0; ; ) {
    const length = await from.read(piece, offset + done)
    if (length === 0) break
    writeAll(to, piece.subarray(0, length), done)
    done += length
  }
  await to.datasync()
}
