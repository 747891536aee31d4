import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** An empty directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'griffier-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A named pipe in a directory of its own. */
export function namedPipe(): string {
  const path = join(temporaryDirectory(), 'pipe')
  execFileSync('mkfifo', [path])
  return path
}

/** The lines of a file, each of which must end in a newline. */
export function linesOf(path: string): string[] {
  const text = readFileSync(path, 'utf8')
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line is torn')
  return text.split('\n').slice(0, -1)
}

/** The paths of all files in a directory whose name begins so, sorted. */
export function filesLike(directory: string, start: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith(start))
    .sort()
    .map((name) => join(directory, name))
}
