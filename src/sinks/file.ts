import { resolve } from 'node:path'
import { nodeFileSystem } from './file-system.ts'
import { onHangup } from './hangup.ts'
import { type FileEnvironment, LogFile, type Rotation } from './log-file.ts'
import type { Sink } from './sink.ts'
import { checkTextSinkOptions, type TextSinkOptions, textSink } from './text-sink.ts'

/** Settings of `fileSink`. With `maxSize` or `maxAgeMs` the file is rotated to `<path>.<time in UTC>`. */
export interface FileSinkOptions extends TextSinkOptions {
  /** Permissions of files that it makes. Default: `0o600`. */
  readonly mode?: number
  /** Bytes that a file may have; a record that is larger by itself has one of its own. Default: no limit. */
  readonly maxSize?: number
  /** Age of a file, in milliseconds, at which the next record begins a new one. Default: no limit. */
  readonly maxAgeMs?: number
  /** How many rotated files are kept, from 1; older ones are deleted. Default: all. */
  readonly maxFiles?: number
}

/**
 * Lines appended to a file. A record is safe once the operating system has it. Throws `FILE_NOT_OPENED` where the directory
 * is missing or may not be written. The file is opened anew on `reopen()` and SIGHUP, and within a second of having been
 * renamed or deleted. Several processes may write to one path: lines stay whole.
 */
export function fileSink(path: string, options: FileSinkOptions = {}): Sink {
  return fileSinkIn({ fs: nodeFileSystem, now: Date.now }, path, options)
}

/** The same, on files and time of the caller's. */
export function fileSinkIn(environment: FileEnvironment, path: string, options: FileSinkOptions): Sink {
  checkTextSinkOptions(options)
  const file = new LogFile(resolve(path), options.mode ?? 0o600, rotationOf(options), environment)
  const stopListening = onHangup(() => file.reopen())
  return textSink(
    {
      name: `file:${path}`,
      writeLines: (lines) => file.write(lines),
      writeLinesSync: (lines) => file.write(lines),
      reopen: () => file.reopen(),
      close: async () => {
        stopListening()
        file.close()
      },
    },
    options,
  )
}

function rotationOf({ maxSize, maxAgeMs, maxFiles }: FileSinkOptions): Rotation | undefined {
  if (maxSize === undefined && maxAgeMs === undefined) return undefined
  const unlimited = Number.POSITIVE_INFINITY
  return { maxSize: maxSize ?? unlimited, maxAgeMs: maxAgeMs ?? unlimited, maxFiles: maxFiles ?? unlimited }
}
