import { resolve } from 'node:path'
import { loadSigningKey } from '../trail/signing-key.ts'
import { boolean, milliseconds, text } from './parse-values.ts'
import { object, optional, type Parser, wrong } from './parser.ts'
import type { ResolvedTrail } from './resolved-settings.ts'

const path = text(/^[^\0]{1,4096}$/s, 'the path of a directory')

/** `trail`, on Node.js. */
export const trail: Parser<ResolvedTrail> = object<ResolvedTrail>({
  directory: { parse: absolutePath },
  key: optional(trailKey),
  // As C2SP's checkpoints have it: no space, no control character, no "+".
  origin: optional(text(/^[^\s\p{Cc}+]{1,255}$/u, 'a name of 1 to 255 characters, without space and "+"')),
  heartbeatMs: { parse: milliseconds(1_000), fallback: { value: 600_000 } },
  allowNetworkFs: { parse: boolean, fallback: { value: false } },
})

/** A signing key; PEM may have its line ends written as `\n`, as many a secret store hands it out. */
export function trailKey(given: unknown, at: string): ReturnType<Parser<NonNullable<ResolvedTrail['key']>>> {
  const expected = 'an Ed25519 private key, as PKCS#8 PEM without a passphrase or as a KeyObject'
  if (typeof given !== 'string' && (typeof given !== 'object' || given === null)) return wrong(given, at, expected)
  try {
    const key = typeof given === 'string' ? given.replaceAll('\\n', '\n') : given
    return { value: loadSigningKey({ key: key as string, file: '' }) }
  } catch {
    return wrong(given, at, expected)
  }
}

/** Of the working directory at the start, which the app may change later. */
function absolutePath(given: unknown, at: string): ReturnType<Parser<string>> {
  const parsed = path(given, at)
  return 'faults' in parsed ? parsed : { value: resolve(parsed.value) }
}
