import type { Command, Option } from './command.ts'
import type { Output } from './io.ts'
import { help } from './parse-call.ts'

type Commands = Readonly<Record<string, Command>>

/** What `griffier --help` says. */
export function helpOfAll(commands: Commands, { paint }: Output): string {
  const rows = Object.entries(commands).map(
    ([name, { operands, options, summary }]) => [usage(name, operands, options), summary] as const,
  )
  return [
    'griffier: the audit log for web apps, its trail on disk, and what proves it.\n',
    `${paint('bold', 'Usage')}: griffier <command> …\n`,
    ...table(rows),
    '\ngriffier <command> --help tells more; --version says which griffier this is.\n',
  ].join('\n')
}

/** What `griffier <name> --help` says. */
export function helpOf(name: string, command: Command, { paint }: Output): string {
  const options = Object.entries({ ...command.options, help }).map(
    ([long, option]) => [flagOf(long, option), option.text] as const,
  )
  return [
    `${command.summary}.\n`,
    `${paint('bold', 'Usage')}: griffier ${usage(name, command.operands, command.options)} [options]\n`,
    `${command.about}\n`,
    paint('bold', 'Options'),
    ...table(options),
    `\n${paint('bold', 'Exit status')}`,
    ...table(Object.entries(command.statuses)),
    '',
  ].join('\n')
}

function usage(name: string, operands: readonly string[], options: Command['options']): string {
  const required = Object.entries(options).filter(([, { isRequired }]) => isRequired)
  const words = [
    ...operands.map((operand) => `<${operand}>`),
    ...required.map(([long, option]) => flagOf(long, option)),
  ]
  return [name, ...words].join(' ')
}

function flagOf(long: string, { short, value, multiple }: Option): string {
  const names = short === undefined ? `--${long}` : `-${short}, --${long}`
  return `${names}${value === undefined ? '' : ` ${value}`}${multiple === true ? ' …' : ''}`
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
