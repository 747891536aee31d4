import { basename, dirname, join } from 'node:path'
import { isSystemError } from '../lib/system-error.ts'
import type { FileSystem } from './file-system.ts'

/** A file that was rotated: `<path>.<time in UTC>`, with `-<number>` where there are several of one millisecond. */
interface RotatedFile {
  readonly path: string
  readonly time: string
  readonly number: number
}

/**
 * Moves the file at `path` aside, to a name later than that of any file moved aside before, whatever the clock says, and
 * deletes the oldest beyond `maxFiles`. Never overwrites; with several processes at it, one moves and the others find it moved.
 */
export function rotate(fs: FileSystem, path: string, now: number, maxFiles: number): void {
  const files = rotatedFiles(fs, path)
  const target = reserve(fs, path, nextAfter(files.at(-1), now))
  try {
    fs.renameSync(path, target)
  } catch (error) {
    fs.unlinkSync(target)
    if (!isMissing(error)) throw error
  }
  const kept = rotatedFiles(fs, path)
  for (const file of kept.slice(0, Math.max(0, kept.length - maxFiles))) deleteIfThere(fs, file.path)
}

/** The files that were rotated from `path`, the oldest first. */
function rotatedFiles(fs: FileSystem, path: string): readonly RotatedFile[] {
  const directory = dirname(path)
  const name = basename(path)
  return fs
    .readdirSync(directory)
    .flatMap((entry) => {
      const match = entry.startsWith(`${name}.`)
        ? /^(\d{8}T\d{9}Z)(?:-(\d+))?$/.exec(entry.slice(name.length + 1))
        : null
      return match === null
        ? []
        : [{ path: join(directory, entry), time: match[1] ?? '', number: Number(match[2] ?? 0) }]
    })
    .sort((a, b) => (a.time === b.time ? a.number - b.number : a.time < b.time ? -1 : 1))
}

function nextAfter(newest: RotatedFile | undefined, now: number): { time: string; number: number } {
  const time = new Date(now).toISOString().replace(/[-:.]/g, '')
  return newest === undefined || newest.time < time
    ? { time, number: 0 }
    : { time: newest.time, number: newest.number + 1 }
}

/** Makes an empty file of a name that nobody has, so that renaming onto it can overwrite nothing else. */
function reserve(fs: FileSystem, path: string, { time, number }: { time: string; number: number }): string {
  const target = number === 0 ? `${path}.${time}` : `${path}.${time}-${number}`
  try {
    fs.closeSync(fs.openSync(target, 'wx', 0o600))
    return target
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error
    return reserve(fs, path, { time, number: number + 1 })
  }
}

function deleteIfThere(fs: FileSystem, path: string): void {
  try {
    fs.unlinkSync(path)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

function isMissing(error: unknown): boolean {
  return isSystemError(error, 'ENOENT')
}
