/** Runs code in a process of its own, with its own environment and working directory. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'
import type { AuditRecord } from '../../src/record/record.ts'
import { bundled } from '../support/bundled.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const bundle = bundled(new URL('./child.ts', import.meta.url))

export interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** The records on standard output. */
  readonly records: readonly AuditRecord[]
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Files in the working directory. */
  readonly files?: Readonly<Record<string, string>>
  readonly flags?: readonly string[]
}

/** Runs code that has what `child.ts` exports in scope, to its end. */
export async function run(code: string, { env = {}, files = {}, flags = [] }: RunOptions = {}): Promise<Run> {
  const cwd = temporaryDirectory()
  for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, name), content)
  const script = `import { createAuditLog, fileSink, get, listen, memorySink, nodeAudit } from ${JSON.stringify(pathToFileURL(bundle).href)}\n${code}`
  const child = spawn(process.execPath, [...flags, '--input-type=module', '-e', script], {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = new Promise<number | null>((resolve) => void child.once('exit', resolve))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'))
  return { code: await ended, stdout, stderr, records: lines.map((line) => JSON.parse(line) as AuditRecord) }
}
