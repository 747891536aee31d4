import { reasonOf } from '../lib/errors.ts'
import { nearest } from '../lib/nearest.ts'
import { VERSION } from '../lib/version.ts'
import { type Command, CommandError, status } from './command.ts'
import { commands } from './commands.ts'
import { helpOf, helpOfAll } from './help.ts'
import type { Io } from './io.ts'
import { parseCall } from './parse-call.ts'
import { visible } from './visible.ts'

/** Runs one command line, without the program's own name, and gives the exit status. Never rejects. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const [name = ''] = args
  const result = await runCommand(args, io).catch((error: unknown) =>
    tell(error, commandOf(name) ? name : undefined, io),
  )
  if (io.out.failure === undefined) return result
  const reason = `standard output could not be written: ${reasonOf(io.out.failure)}. Make room, or write elsewhere.`
  return tell(new CommandError(reason), commandOf(name) ? name : undefined, io)
}

async function runCommand([name, ...rest]: readonly string[], io: Io): Promise<number> {
  if (name === undefined) {
    await io.err.write(helpOfAll(commands, io.err))
    return status.unusable
  }
  if (name === '--version') return answer(`${VERSION}\n`, io)
  if (['--help', '-h', 'help'].includes(name)) return sayHelp(rest[0], io)
  const command = commandOf(name)
  if (command === undefined) throw unknownCommand(name)
  const call = parseCall(name, command, rest, io)
  return call === undefined ? sayHelp(name, io) : command.run(call)
}

function sayHelp(name: string | undefined, io: Io): Promise<number> {
  if (name === undefined) return answer(helpOfAll(commands, io.out), io)
  const command = commandOf(name)
  if (command === undefined) throw unknownCommand(name)
  return answer(helpOf(name, command, io.out), io)
}

async function answer(text: string, { out }: Io): Promise<number> {
  await out.write(text)
  return status.passed
}

async function tell(error: unknown, name: string | undefined, { err }: Io): Promise<number> {
  const program = name === undefined ? 'griffier' : `griffier ${name}`
  await err.write(`${err.paint('red', `${program}:`)} ${visible(reasonOf(error))}\n`)
  return error instanceof CommandError ? error.status : status.unusable
}

function commandOf(name: string): Command | undefined {
  return Object.hasOwn(commands, name) ? commands[name] : undefined
}

function unknownCommand(name: string): CommandError {
  const meant = nearest(name, [...Object.keys(commands), '--help', '--version'])
  const hint = meant === undefined ? '' : ` Did you mean ${meant}?`
  return new CommandError(`there is no command “${name}”.${hint} See griffier --help.`)
}
