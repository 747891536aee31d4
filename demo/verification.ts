import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const command = resolve(import.meta.dirname, '../src/cli/main.ts')

/** What `griffier verify` says of a trail, by the verifier key of `origin`, and its exit status. */
export function verifyTrail(
  directory: string,
  origin: string = directory,
): { readonly text: string; readonly status: number } {
  const key = griffier('key', origin).text.trim()
  return griffier('verify', directory, '--key', key)
}

/** Copies a trail, and in the copy turns the first "success" of its records into "sukcess", as long as before. */
export function withOneByteEdited(directory: string, copy: string): string {
  cpSync(directory, copy, { recursive: true })
  const [name = ''] = readdirSync(join(copy, 'segments'))
  const segment = join(copy, 'segments', name)
  const bytes = readFileSync(segment)
  bytes.write('k', bytes.indexOf('"success"') + '"su'.length)
  writeFileSync(segment, bytes)
  return copy
}

function griffier(...args: readonly string[]): { readonly text: string; readonly status: number } {
  const { stdout, status } = spawnSync(process.execPath, ['--import', 'tsx', command, ...args], { encoding: 'utf8' })
  return { text: stdout.replace(/^(?=.)/gm, '  '), status: status ?? 1 }
}
