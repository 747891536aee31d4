/*
 * Every operation on a disk, by name, in the hands of a test: to count it, to fail it, to skip it, to die at it.
 *
 *   const broken = operated(disk, '/srv/trail', (operation, run) => {
 *     if (operation.name === 'segments.datasync') throw systemError('EIO', 'fdatasync')
 *     return run()
 *   })
 *
 * A name is the place and what is done there: `segments.write`, `checkpoint.rename`, `tile.create`, `root.syncDirectory`. A file
 * that is being made in `control/` has the name of what it becomes: `control/checkpoint.datasync`. A rename is named by where it leads.
 */
import { relative, sep } from 'node:path'
import type { Disk, DiskFile } from '../../src/trail/disk.ts'

export interface Operation {
  readonly name: string
  readonly what: string
  readonly path: string
  /** What is written, or the size that is cut to. */
  readonly bytes?: Uint8Array
  readonly position?: number
  /** Writes these bytes in place of those of a write. */
  readonly write?: (bytes: Uint8Array) => number
}

/** Runs the operation, or does something else in its place. What it throws, an asynchronous operation rejects with. */
export type Around = <Result>(operation: Operation, run: () => Result) => Result

const changes = new Set(
  'mkdir create write datasync datasyncSync truncate rename unlink rmdir syncDirectory'.split(' '),
)

/** Whether an operation changes something, or makes a change durable. */
export function isChange({ what }: Operation): boolean {
  return changes.has(what)
}

/** A disk whose operations go through `around`, named as seen from the trail in `directory`. */
export function operated(disk: Disk, directory: string, around: Around): Disk {
  const at = (what: string, path: string, more: Partial<Operation> = {}): Operation => ({
    name: `${placeOf(directory, path)}.${what}`,
    what,
    path,
    ...more,
  })
  const promised = async <Result>(operation: Operation, run: () => Promise<Result>): Promise<Result> =>
    around(operation, run)
  return {
    mkdir: (path) => promised(at('mkdir', path), () => disk.mkdir(path)),
    open: async (path, how) => {
      const what = how === 'create' ? 'create' : how === 'write' ? 'open' : 'openToRead'
      return operatedFile(await promised(at(what, path), () => disk.open(path, how)), path, at, around)
    },
    list: (path) => promised(at('list', path), () => disk.list(path)),
    stat: (path) => promised(at('stat', path), () => disk.stat(path)),
    rename: (from, to) => promised(at('rename', to), () => disk.rename(from, to)),
    unlink: (path) => promised(at('unlink', path), () => disk.unlink(path)),
    rmdir: (path) => promised(at('rmdir', path), () => disk.rmdir(path)),
    syncDirectory: (path) => promised(at('syncDirectory', path), () => disk.syncDirectory(path)),
    fileSystem: (path) => promised(at('fileSystem', path), () => disk.fileSystem(path)),
  }
}

function operatedFile(
  file: DiskFile,
  path: string,
  at: (what: string, path: string, more?: Partial<Operation>) => Operation,
  around: Around,
): DiskFile {
  return {
    writeSync: (bytes, position) =>
      around(at('write', path, { bytes, position, write: (others) => file.writeSync(others, position) }), () =>
        file.writeSync(bytes, position),
      ),
    read: async (into, position) => around(at('read', path), () => file.read(into, position)),
    datasync: async () => around(at('datasync', path), () => file.datasync()),
    datasyncSync: () => around(at('datasyncSync', path), () => file.datasyncSync()),
    truncate: async (size) => around(at('truncate', path, { position: size }), () => file.truncate(size)),
    stat: async () => around(at('fileStat', path), () => file.stat()),
    close: async () => around(at('close', path), () => file.close()),
  }
}

function placeOf(directory: string, path: string): string {
  const parts = relative(directory, path).split(sep)
  const [first = '', second = ''] = parts
  if (first === '') return 'root'
  if (first === '..') return parts.length === 1 ? 'parent' : 'beside'
  if (first === 'control' && second !== '') return `control/${madeIn(second)}`
  return first
}

function madeIn(name: string): string {
  if (name.endsWith('.ndjson')) return 'segment'
  return /^(checkpoint|trail\.json)$/.test(name) ? name : 'tile'
}

/** An error as the system gives it. */
export function systemError(code: string, syscall: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: made up, ${syscall}`), { code, syscall, errno: -1 })
}
