import { readFile } from 'node:fs/promises'
import { reasonOf } from '../lib/errors.ts'
import { parseKey } from '../verify/key.ts'
import { CommandError, type Option } from './command.ts'

/** A verifier key has a key id of eight digits between two plus signs; a path hardly ever has. */
const looksLikeKey = /\+[0-9a-f]{8}\+/i
const privateKey = /PRIVATE KEY-----/

export const keyOption: Option = {
  type: 'string',
  multiple: true,
  value: '<key>',
  text: 'a verifier key, or a file with one a line; it must not come from the trail',
}

/**
 * The verifier keys that were given, each as it is or as a file that holds them. Throws a `CommandError` for a file that holds none and for a
 * private key, which is not quoted, and a `VerifyError` for what else is none.
 */
export async function readKeys(given: readonly string[]): Promise<readonly string[]> {
  const keys = (await Promise.all(given.map(keysIn))).flat()
  for (const key of keys) parseKey(key)
  return keys
}

async function keysIn(text: string): Promise<readonly string[]> {
  refusePrivate(text)
  return looksLikeKey.test(text) ? [text.trim()] : keysInFile(text)
}

async function keysInFile(file: string): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new CommandError(
      `--key ${file} is no verifier key, and no file that can be read: ${reasonOf(error)}. Give what griffier key printed.`,
    )
  })
  refusePrivate(text)
  const keys = text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
  if (keys.length === 0) throw new CommandError(`${file} holds no verifier key. Give what griffier key printed.`)
  return keys
}

function refusePrivate(text: string): void {
  if (!privateKey.test(text)) return
  throw new CommandError('--key was given a private key, which only the app may have. Give what griffier key printed.')
}
