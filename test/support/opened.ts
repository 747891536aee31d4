import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { disk } from '../../src/trail/disk.ts'
import { type Lock, takeLock } from '../../src/trail/lock.ts'
import { type DirectorySettings, type OpenedTrail, openDirectory } from '../../src/trail/opening/open-directory.ts'
import type { DirectoryParts } from '../../src/trail/opening/open-one.ts'
import { temporaryDirectory } from './temporary.ts'

/** A path at which there is nothing yet, in a directory of its own that is gone after the test. */
export function trailPath(): string {
  return join(temporaryDirectory(), 'trail')
}

/** Opens a trail; its lock is given back after the test. */
export async function openAt(directory: string, settings: Partial<DirectorySettings> = {}): Promise<OpenedTrail> {
  const opened = await open(directory, settings, {})
  onTestFinished(() => opened.lock.release().catch(() => undefined))
  return opened
}

/** Opens a trail and gives the lock back at once. */
export async function openAndLeave(
  directory: string,
  settings: Partial<DirectorySettings> = {},
  parts: Partial<DirectoryParts> = {},
): Promise<OpenedTrail> {
  const opened = await open(directory, settings, parts)
  await opened.lock.release()
  return opened
}

/** A lock that keeps nobody out, for who opens a trail a hundred times: the real one starts a process. */
export async function noLock(): Promise<Lock> {
  return { kind: 'flock', release: async () => undefined }
}

function open(
  directory: string,
  settings: Partial<DirectorySettings>,
  parts: Partial<DirectoryParts>,
): Promise<OpenedTrail> {
  const all = { directory, loggerName: 'audit_log', allowNetworkFs: false, ...settings }
  return openDirectory(all, { disk, takeLock, ...parts })
}

/** All that is in a directory by path: the bytes of files, what else it is of others. The lock's file is left out. */
export function contentsOf(directory: string): Record<string, string> {
  const contents: Record<string, string> = {}
  for (const path of (readdirSync(directory, { recursive: true, encoding: 'utf8' }) as string[]).sort()) {
    const stats = lstatSync(join(directory, path))
    if (path === 'lock') continue
    contents[path] = stats.isFile()
      ? readFileSync(join(directory, path), 'latin1')
      : stats.isDirectory()
        ? 'directory'
        : 'other'
  }
  return contents
}
