import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { succeed } from '../commands.ts'

/** What Go's libraries are asked. Notes and keys are text as in their files; `key` is a verifier key. */
export type Question = { readonly key: string } & (
  | { readonly check: 'checkpoint'; readonly checkpoint: string }
  | {
      readonly check: 'inclusion'
      readonly checkpoint: string
      readonly record: Uint8Array
      readonly index: number
      readonly proof: readonly Uint8Array[]
    }
  | {
      readonly check: 'consistency'
      readonly old: string
      readonly checkpoint: string
      readonly proof: readonly Uint8Array[]
    }
  /** A directory with `checkpoint`, `tile/`, and the records in `tile/entries/` or, as a trail has them, in `segments/`. */
  | { readonly check: 'log'; readonly directory: string }
)

export interface Verdict {
  readonly ok: boolean
  /** Why not; absent where it is. */
  readonly reason?: string
  /** What the checkpoint says, where its signature is right. */
  readonly origin?: string
  readonly size: number
}

/** Builds the checker, which needs Go, and gives the path of its program; it is gone when this process ends. */
export async function buildChecker(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'griffier-tlog-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  const program = join(directory, 'tlog')
  await succeed('go', ['build', '-buildvcs=false', '-o', program, '.'], { cwd: import.meta.dirname })
  return program
}

/** Asks the checker; gives a verdict for each question, in their order. */
export function ask(checker: string, questions: readonly Question[]): Promise<readonly Verdict[]> {
  const child = spawn(checker, { stdio: ['pipe', 'pipe', 'inherit'] })
  let answers = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    answers += text
  })
  // A checker that dies tells so by its status.
  child.stdin.on('error', () => {})
  child.stdin.end(questions.map((question) => `${JSON.stringify(question, bytesAsBase64)}\n`).join(''))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => {
      const verdicts = answers.split('\n').slice(0, -1)
      if (status === 0 && verdicts.length === questions.length) resolve(verdicts.map((line) => JSON.parse(line)))
      else
        reject(new Error(`the checker ended with ${status} after ${verdicts.length} of ${questions.length} verdicts`))
    })
  })
}

// `JSON.stringify` has asked a Buffer for its own form by the time that it hands it over; only the holder has the bytes.
function bytesAsBase64(this: unknown, key: string, value: unknown): unknown {
  const held = (this as Readonly<Record<string, unknown>>)[key]
  return held instanceof Uint8Array ? Buffer.from(held).toString('base64') : value
}
