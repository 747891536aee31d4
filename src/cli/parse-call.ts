import { parseArgs } from 'node:util'
import { nearest } from '../lib/nearest.ts'
import { type Call, type Command, CommandError, type Option } from './command.ts'
import type { Io } from './io.ts'

/** The option that every command has. */
export const help: Option = { type: 'boolean', short: 'h', text: 'this text' }

/** Reads the arguments behind a command's name; gives undefined where they ask for help. Throws a `CommandError` that says what is wrong with them. */
export function parseCall(name: string, command: Command, args: readonly string[], io: Io): Call | undefined {
  const { values, positionals } = readArguments(name, command, args)
  if (values.help === true) return undefined
  const { length } = command.operands
  if (positionals.length !== length) {
    const given = positionals.length === 0 ? 'nothing' : positionals.map((text) => `“${text}”`).join(' ')
    throw wrongUse(name, `it takes ${command.operands.map((operand) => `<${operand}>`).join(' ')}, and got ${given}`)
  }
  return {
    io,
    operands: positionals,
    flag: (option) => values[option] === true,
    value: (option) => onlyText(values[option]),
    values: (option) => [values[option] ?? []].flat().map(String),
  }
}

function readArguments(name: string, command: Command, args: readonly string[]): ReturnType<typeof parseArgs> {
  const options = { ...command.options, help }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
  } catch (error) {
    const [first = ''] = String(error instanceof Error ? error.message : error).split(/\. |\n/)
    const option = /Unknown option '(-[^']+)'/.exec(first)?.[1]
    const meant =
      option &&
      nearest(
        option,
        Object.keys(options).map((known) => `--${known}`),
      )
    throw wrongUse(name, meant === undefined || meant === '' ? first : `${first}. Did you mean ${meant}?`)
  }
}

function onlyText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** What was wrong in how a command was called. */
function wrongUse(name: string, reason: string): CommandError {
  return new CommandError(
    `${reason.replace(/[.\s]+$/, '')}${/[?!]$/.test(reason) ? '' : '.'} See griffier ${name} --help.`,
  )
}
