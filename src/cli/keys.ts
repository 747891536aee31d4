import { readFile } from 'node:fs/promises'
import { CommandError, type Option } from './command.ts'

/** A verifier key has a key id of eight digits between two plus signs; a path hardly ever has. */
const looksLikeKey = /\+[0-9a-f]{8}\+/i

export const keyOption: Option = {
  type: 'string',
  multiple: true,
  value: '<key>',
  text: 'a verifier key, or a file with one a line; it must not come from the trail',
}

/** The verifier keys that were given, each as it is or as a file that holds them. Throws a `CommandError` for a file that holds none. */
export async function readKeys(given: readonly string[]): Promise<readonly string[]> {
  const keys = await Promise.all(given.map(async (text) => (looksLikeKey.test(text) ? [text.trim()] : keysIn(text))))
  return keys.flat()
}

async function keysIn(file: string): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new CommandError(
      `--key ${file} is no verifier key, and no file that can be read: ${error.message}. Give what griffier key printed.`,
    )
  })
  const keys = text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
  if (keys.length === 0) throw new CommandError(`${file} holds no verifier key. Give what griffier key printed.`)
  return keys
}
