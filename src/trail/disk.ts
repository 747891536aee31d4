import * as fs from 'node:fs'
import { promisify } from 'node:util'
import { unlessMissing } from '../lib/system-error.ts'

/** What is at a path, or behind a descriptor. */
export interface DiskStat {
  readonly dev: number
  readonly ino: number
  /** Bytes. */
  readonly size: number
  /** Permission bits. */
  readonly mode: number
  readonly kind: 'file' | 'directory' | 'other'
}

/** An open file. What fails rejects or throws with the system's error. */
export interface DiskFile {
  /** Gives the number of bytes written, which may be less than were given. */
  writeSync(bytes: Uint8Array, position: number): number
  /** Gives the number of bytes read; 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number>
  /** `fdatasync`. */
  datasync(): Promise<void>
  /** The same without a turn of the event loop: for the end of the process only. */
  datasyncSync(): void
  truncate(size: number): Promise<void>
  stat(): Promise<DiskStat>
  close(): Promise<void>
}

/**
 * All changes to the file system that matter to a crash, and what is read to make them. Tests put a disk of their own in its place.
 * No path is followed through a symbolic link at its end.
 */
export interface Disk {
  /** A directory of mode 0700; it is an error if something is there. */
  mkdir(path: string): Promise<void>
  /** `create`: a new file of mode 0600, to write and read, where nothing is; `write`: one that is there, to write and read; `read`: to read. */
  open(path: string, how: 'create' | 'write' | 'read'): Promise<DiskFile>
  /** The names in a directory, sorted. */
  list(path: string): Promise<readonly string[]>
  /** What is at the path itself; undefined where nothing is. */
  stat(path: string): Promise<DiskStat | undefined>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  rmdir(path: string): Promise<void>
  /** Makes names that were added to a directory, taken from it or changed in it durable. */
  syncDirectory(path: string): Promise<void>
  /** Whether the path is on a file system that other machines share. */
  fileSystem(path: string): Promise<'local' | 'network'>
}

const call = {
  open: promisify(fs.open),
  close: promisify(fs.close),
  read: promisify<number, Uint8Array, number, number, number, number>(fs.read),
  fdatasync: promisify(fs.fdatasync),
  fsync: promisify(fs.fsync),
  ftruncate: promisify<number, number>(fs.ftruncate),
  fstat: promisify<number, fs.Stats>(fs.fstat),
  lstat: promisify<string, fs.Stats>(fs.lstat),
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = fs.constants

// Where a pipe is in a file's place, O_NONBLOCK keeps the opening from waiting for its other end. Windows lacks both.
const guarded = (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0)
const flags = { create: O_RDWR | O_CREAT | O_EXCL | guarded, write: O_RDWR | guarded, read: O_RDONLY | guarded }

/** The types that statfs(2) gives for NFS, SMB (three versions), AFS, Coda, NCP, 9P and Ceph. */
const networkTypes = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x5346414f, 0x73757245, 0x564c, 0x01021997, 0x00c36400,
])

/** The real disk. */
export const disk: Disk = {
  mkdir: (path) => fs.promises.mkdir(path, { mode: 0o700 }).then(() => undefined),
  open: async (path, how) => openFile(await call.open(path, flags[how], 0o600)),
  list: async (path) => (await fs.promises.readdir(path)).sort(),
  stat: async (path) => {
    const stats = await unlessMissing(call.lstat(path))
    return stats && statOf(stats)
  },
  rename: (from, to) => fs.promises.rename(from, to),
  unlink: (path) => fs.promises.unlink(path),
  rmdir: (path) => fs.promises.rmdir(path),
  syncDirectory: async (path) => {
    const descriptor = await call.open(path, O_RDONLY, 0)
    try {
      await call.fsync(descriptor)
    } finally {
      await call.close(descriptor)
    }
  },
  fileSystem: async (path) => (networkTypes.has((await fs.promises.statfs(path)).type >>> 0) ? 'network' : 'local'),
}

function openFile(descriptor: number): DiskFile {
  return {
    writeSync: (bytes, position) => fs.writeSync(descriptor, bytes, 0, bytes.length, position),
    read: async (into, position) => readCount(await call.read(descriptor, into, 0, into.length, position)),
    datasync: () => call.fdatasync(descriptor),
    datasyncSync: () => fs.fdatasyncSync(descriptor),
    truncate: (size) => call.ftruncate(descriptor, size),
    stat: async () => statOf(await call.fstat(descriptor)),
    close: () => call.close(descriptor),
  }
}

/** `fs.read` promisifies to an object of its own. */
function readCount(result: unknown): number {
  return (result as { bytesRead: number }).bytesRead
}

function statOf(stats: fs.Stats): DiskStat {
  const { dev, ino, size, mode } = stats
  return {
    dev,
    ino,
    size,
    mode: mode & 0o7777,
    kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other',
  }
}
