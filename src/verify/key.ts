import { parseVerifierKey, type VerifierKey } from './note.ts'
import { VerifyError } from './verdict.ts'

/**
 * The key that a text which was given stands for.
 *
 * @throws VerifyError `WRONG_USE` where it stands for none; 400 characters of it are quoted.
 */
export function parseKey(text: string): VerifierKey {
  const key = parseVerifierKey(text)
  if (key === undefined) {
    throw new VerifyError(
      'WRONG_USE',
      `This is no Ed25519 verifier key: ${text.slice(0, 400)}. Give the line that was kept.`,
    )
  }
  return key
}
