import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hashLeaf, type Tile, Tree, tileWidth } from '../trail/merkle.ts'
import { tileIndexPath, tilePath } from '../trail/tile-path.ts'

/** Writes a log as C2SP tlog-tiles lays it out, entry after entry. */
export class TlogWriter {
  readonly #target: string
  readonly #tree = new Tree()
  /** The entries of the bundle that is not full, each behind its length. */
  #bundle: Buffer[] = []

  /** Into a directory that is there, and empty. */
  constructor(target: string) {
    this.#target = target
  }

  /** Entries so far. */
  get size(): number {
    return this.#tree.size
  }

  /** Adds an entry of at most 65,535 bytes, which is copied. */
  async append(entry: Uint8Array): Promise<void> {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(entry.length)
    this.#bundle.push(length, Buffer.from(entry))
    this.#tree.append(hashLeaf(entry))
    if (this.size % tileWidth === 0) await this.#flush(this.size / tileWidth - 1, tileWidth)
  }

  /** Writes what is not full, and gives the root of all entries, 32 bytes. */
  async finish(): Promise<Buffer> {
    const width = this.size % tileWidth
    if (width > 0) await this.#flush(Math.floor(this.size / tileWidth), width)
    for (const tile of this.#tree.partialTiles()) await this.#writeTile(tile)
    return this.#tree.root()
  }

  /** Makes the log complete: until it has a checkpoint, nobody reads it. */
  seal(checkpoint: Uint8Array): Promise<void> {
    return this.#write('checkpoint', checkpoint)
  }

  async #flush(index: number, width: number): Promise<void> {
    await this.#write(join('tile', 'entries', tileIndexPath(index, width)), Buffer.concat(this.#bundle))
    this.#bundle = []
    for (const tile of this.#tree.takeFullTiles()) await this.#writeTile(tile)
  }

  #writeTile({ level, index, width, hashes }: Tile): Promise<void> {
    return this.#write(join('tile', tilePath(level, index, width)), hashes)
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    const file = join(this.#target, path)
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await writeFile(file, bytes, { flag: 'wx', mode: 0o600 })
  }
}
