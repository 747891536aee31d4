import type { Io } from './io.ts'

/** An option of a command, as `parseArgs` of `node:util` takes it, and as its help describes it. */
export interface Option {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
  /** What stands for its value in the help, as in `<file>`. */
  readonly value?: string
  /** Its command cannot do without, and says so. */
  readonly isRequired?: boolean
  readonly text: string
}

/** One call of a command, its arguments read and counted. */
export interface Call {
  readonly io: Io
  /** As many as the command takes. */
  readonly operands: readonly string[]
  flag(name: string): boolean
  value(name: string): string | undefined
  values(name: string): readonly string[]
}

/** What `griffier <name>` does. */
export interface Command {
  /** One line, without a full stop. */
  readonly summary: string
  /** The names of its operands, each of them required. */
  readonly operands: readonly string[]
  readonly options: Readonly<Record<string, Option>>
  /** What help says beside: paragraphs, their lines broken. */
  readonly about: string
  /** What its exit statuses mean; `status` has those of most commands. */
  readonly statuses: Readonly<Record<number, string>>
  /** Gives the exit status. Throws a `CommandError` where it cannot do what it was asked for. */
  run(call: Call): Promise<number>
}

/** The exit statuses of all commands; those of verdicts are called as these. */
export const status = { passed: 0, failed: 1, unusable: 2, consistent: 3 } as const

/** What these mean where a command gives a verdict. */
export const verdictStatuses: Command['statuses'] = {
  0: 'passed',
  1: 'failed',
  2: 'wrong use, or nothing could be read',
  3: 'consistent, but not authenticated: no key was given',
}

/** What a command cannot do: what happened, then what to do. */
export class CommandError extends Error {
  /** The exit status, `unusable` by default. */
  readonly status: number

  constructor(message: string, exitStatus: number = status.unusable) {
    super(message)
    this.name = 'CommandError'
    this.status = exitStatus
  }
}

export const json: Option = { type: 'boolean', text: 'one JSON object on standard output, for programs' }
