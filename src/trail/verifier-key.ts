import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { decodeBase64 } from '../lib/base64.ts'

/** What checks the signatures of one signer: an Ed25519 public key and its name (c2sp.org/signed-note). */
export interface VerifierKey {
  /** Not empty, without Unicode spaces, control characters below U+0020 and `+`. */
  readonly name: string
  /** Eight lower-case hexadecimal digits, which name and key decide. */
  readonly id: string
  readonly publicKey: KeyObject
}

/** The signature type of Ed25519, the only one that is known here. */
const ed25519 = 0x01
const keyLength = 32
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const keyName = /^[^\p{White_Space}\p{Surrogate}\u0000-\u001f+]+$/u
const form = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/u

/** Whether a text can be the name of a key. */
export function isKeyName(text: string): boolean {
  return keyName.test(text)
}

/** The verifier key of a public key, Ed25519; the name must be one. */
export function verifierKeyOf(name: string, publicKey: KeyObject): VerifierKey {
  const hash = createHash('sha256').update(`${name}\n`).update(typedKey(publicKey)).digest('hex')
  return { name, id: hash.slice(0, 8), publicKey }
}

/** The text of a verifier key: `<name>+<id>+<base64 of 0x01 ‖ public key>`. */
export function formatVerifierKey({ name, id, publicKey }: VerifierKey): string {
  return `${name}+${id}+${typedKey(publicKey).toString('base64')}`
}

/** The verifier key that a text stands for; `undefined` for whatever `formatVerifierKey` would not write. */
export function parseVerifierKey(text: string): VerifierKey | undefined {
  const [, name = '', id, encoded = ''] = form.exec(text) ?? []
  const bytes = decodeBase64(encoded)
  if (!isKeyName(name) || bytes?.length !== 1 + keyLength || bytes[0] !== ed25519) return undefined
  const key = verifierKeyOf(name, publicKeyOf(bytes.subarray(1)))
  return key.id === id ? key : undefined
}

function typedKey(publicKey: KeyObject): Buffer {
  const { x = '' } = publicKey.export({ format: 'jwk' })
  return Buffer.concat([Uint8Array.of(ed25519), Buffer.from(x, 'base64url')])
}

function publicKeyOf(bytes: Buffer): KeyObject {
  return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') } })
}
