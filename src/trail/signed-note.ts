import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { decodeBase64 } from '../lib/base64.ts'
import { AuditError } from '../lib/errors.ts'
import { isKeyName, type VerifierKey, verifierKeyOf } from './verifier-key.ts'

/** Who signs notes. */
export interface Signer {
  /** What others check its signatures with. */
  readonly verifierKey: VerifierKey
  readonly privateKey: KeyObject
}

/** One signature line of a note. */
export interface NoteSignature {
  readonly name: string
  /** Eight lower-case hexadecimal digits. */
  readonly keyId: string
  readonly signature: Buffer
}

/** A text and who signed it; nothing is checked yet. */
export interface Note {
  /** With the newline that it ends in. */
  readonly text: string
  /** 1 to 100, in the order of their lines. */
  readonly signatures: readonly NoteSignature[]
}

/** The largest note, in bytes; C2SP signed-note lets a reader set a limit. */
export const maxNoteLength = 1_000_000
const maxSignatures = 100
const keyIdLength = 4
const signatureLine = /^— ([^ ]+) ([^ ]+)$/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const control = /[\u0000-\u0009\u000b-\u001f]/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A signer with an Ed25519 private key. Throws a `RangeError` for a name that no key can have. */
export function createSigner(name: string, privateKey: KeyObject): Signer {
  if (!isKeyName(name)) throw new RangeError('a key cannot have this name')
  return { verifierKey: verifierKeyOf(name, createPublicKey(privateKey)), privateKey }
}

/**
 * The note of a text, signed by each signer (c2sp.org/signed-note, signature type 0x01). Throws a `RangeError` where the text
 * does not end in a newline, or holds another control character below U+0020 or a lone surrogate.
 */
export function signNote(text: string, ...signers: readonly [Signer, ...Signer[]]): string {
  if (!text.endsWith('\n') || control.test(text) || !text.isWellFormed()) {
    throw new RangeError('a note cannot have this text')
  }
  const lines = signers.map(({ verifierKey: { name, id }, privateKey }) => {
    const signature = sign(null, Buffer.from(text), privateKey)
    return `— ${name} ${Buffer.concat([Buffer.from(id, 'hex'), signature]).toString('base64')}\n`
  })
  return `${text}\n${lines.join('')}`
}

/** The text and the signatures of a note; `undefined` where the bytes are not exactly of its form. Checks no signature. */
export function parseNote(bytes: Uint8Array): Note | undefined {
  const note = bytes.length > maxNoteLength ? undefined : decodeUtf8(bytes)
  if (note === undefined || control.test(note) || !note.endsWith('\n')) return undefined
  const blank = note.lastIndexOf('\n\n')
  if (blank < 0) return undefined
  const lines = note.slice(blank + 2, -1).split('\n')
  if (lines.length > maxSignatures) return undefined
  const signatures = lines.map(parseSignature).filter((signature) => signature !== undefined)
  return signatures.length === lines.length ? { text: note.slice(0, blank + 1), signatures } : undefined
}

/**
 * The text of a note, and which of the keys signed it, each named once. Signatures of other keys are ignored. Throws
 * `TRAIL_NOTE_REFUSED` where the bytes are no note, a signature of one of the keys is wrong, or none of the keys signed.
 */
export function verifyNote(
  bytes: Uint8Array,
  keys: readonly VerifierKey[],
): { readonly text: string; readonly signedBy: readonly VerifierKey[] } {
  const note = parseNote(bytes)
  if (note === undefined) throw refused('it is not of the form of a signed note')
  const text = Buffer.from(note.text)
  const signedBy = new Set<VerifierKey>()
  for (const { name, keyId, signature } of note.signatures) {
    const key = keys.find((known) => known.name === name && known.id === keyId)
    if (key === undefined) continue
    if (!verify(null, text, key.publicKey, signature)) throw refused(`the signature of ${name}+${keyId} is wrong`)
    signedBy.add(key)
  }
  if (signedBy.size === 0) throw refused('none of its signatures is of a key that is known')
  return { text: note.text, signedBy: [...signedBy] }
}

function parseSignature(line: string): NoteSignature | undefined {
  const [, name = '', encoded = ''] = signatureLine.exec(line) ?? []
  const bytes = decodeBase64(encoded)
  if (!isKeyName(name) || bytes === undefined || bytes.length <= keyIdLength) return undefined
  return { name, keyId: bytes.toString('hex', 0, keyIdLength), signature: bytes.subarray(keyIdLength) }
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

function refused(reason: string): AuditError {
  return new AuditError('TRAIL_NOTE_REFUSED', { reason })
}
