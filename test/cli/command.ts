import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { bundled } from '../support/bundled.ts'

/** The command as one file, for `node`. */
export const program: string = bundled(new URL('../../src/cli/main.ts', import.meta.url))

/** What a command wrote, and how it ended. */
export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess
  /** All of standard output so far. */
  readonly stdout: () => string
  readonly ended: Promise<Ended>
  /** Resolves when standard output has what the pattern matches; rejects when the command ends without. */
  readonly shows: (pattern: RegExp) => Promise<void>
}

/** Starts `griffier` as a process of its own. */
export function start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Running {
  const { FORCE_COLOR, NO_COLOR, ...inherited } = process.env
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...inherited, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const ended = once(child, 'close').then(([status]) => ({ status, stdout, stderr }))
  const shows = async (pattern: RegExp): Promise<void> => {
    const over = ended.then(({ stderr }) => Promise.reject(new Error(`it ended, without ${pattern}: ${stderr}`)))
    over.catch(() => undefined)
    while (!pattern.test(stdout)) await Promise.race([once(child.stdout, 'data'), over])
  }
  return { child, stdout: () => stdout, ended, shows }
}

/** Runs `griffier` to its end. */
export function griffier(...args: readonly string[]): Promise<Ended> {
  return start(args).ended
}
