import { readFile } from 'node:fs/promises'
import { reasonOf } from '../lib/errors.ts'
import { CommandError } from './command.ts'

/** The bytes of a file that was given. Throws a `CommandError` where it cannot be read, with what to give: whole sentences. */
export async function readGiven(file: string, advice: string): Promise<Buffer> {
  return readFile(file).catch((error: unknown) => {
    throw new CommandError(`${file} cannot be read: ${reasonOf(error)}. ${advice}`)
  })
}
