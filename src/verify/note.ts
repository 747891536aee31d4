import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'

/** A verifier key of C2SP signed-note, Ed25519. */
export interface VerifierKey {
  readonly name: string
  /** 8 hexadecimal digits. */
  readonly id: string
  readonly key: KeyObject
}

/** A checkpoint (C2SP tlog-checkpoint) without extension lines, and the signature lines below it. Nothing is checked yet. */
export interface Checkpoint {
  readonly origin: string
  readonly size: number
  readonly root: Buffer
  readonly text: Buffer
  readonly signatures: readonly { readonly name: string; readonly id: string; readonly signature: Buffer }[]
}

const ED25519 = 1
/** What stands before the 32 bytes of an Ed25519 key in DER, RFC 8410 section 4. */
const spkiHead = Buffer.from('302a300506032b6570032100', 'hex')
/** Key names: no Unicode space, no plus; controls are excluded of the whole note. */
const nameForm = /^[^\s\p{White_Space}\p{Cc}+]+$/u
const sizeForm = /^(?:0|[1-9]\d{0,15})$/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The bytes of canonical base64 with padding, RFC 4648 section 4; undefined for any other text. */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return text !== '' && bytes.toString('base64') === text ? bytes : undefined
}

/** Decodes UTF-8 strictly; undefined where it is none. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** A number of records in text: decimal, no leading zeros, exact as a JavaScript number. */
export function sizeOf(text: string): number | undefined {
  const size = Number(text)
  return sizeForm.test(text) && Number.isSafeInteger(size) ? size : undefined
}

export function isKeyName(name: string): boolean {
  return nameForm.test(name)
}

/** Parses `<name>+<id>+<base64 of 0x01 ‖ key>`; undefined where it is not exactly that, the id included. */
export function parseVerifierKey(text: string): VerifierKey | undefined {
  const [, name = '', id = '', encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? []
  const bytes = fromBase64(encoded)
  if (!isKeyName(name) || bytes?.length !== 33 || bytes[0] !== ED25519) return undefined
  if (createHash('sha256').update(`${name}\n`).update(bytes).digest('hex').slice(0, 8) !== id) return undefined
  const key = createPublicKey({ key: Buffer.concat([spkiHead, bytes.subarray(1)]), format: 'der', type: 'spki' })
  return { name, id, key }
}

/** Parses a signed checkpoint; undefined where a single byte is not of its form. */
export function parseCheckpoint(bytes: Uint8Array): Checkpoint | undefined {
  const note = textOf(bytes)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a note must not hold.
  if (note === undefined || /[\u0000-\u0009\u000b-\u001f]/.test(note)) return undefined
  const [origin = '', size = '', root = '', blank, ...lines] = note.split('\n')
  if (blank !== '' || lines.length < 2 || lines.pop() !== '') return undefined
  const count = sizeOf(size)
  const hash = fromBase64(root)
  if (!isKeyName(origin) || count === undefined || hash?.length !== 32) return undefined
  const signatures = lines.map(parseSignature)
  if (!signatures.every((signature) => signature !== undefined)) return undefined
  return { origin, size: count, root: hash, text: Buffer.from(`${origin}\n${size}\n${root}\n`), signatures }
}

function parseSignature(line: string): Checkpoint['signatures'][number] | undefined {
  const [, name = '', encoded = ''] = /^— (\S+) (\S+)$/u.exec(line) ?? []
  const bytes = fromBase64(encoded)
  if (!isKeyName(name) || bytes === undefined || bytes.length < 5) return undefined
  return { name, id: bytes.toString('hex', 0, 4), signature: bytes.subarray(4) }
}

/**
 * Whether a checkpoint is signed by its log: at least one signature is by a key whose name is the origin, and none by any of
 * the keys is wrong. Signatures of other keys are ignored (C2SP signed-note).
 */
export function isSigned(checkpoint: Checkpoint, keys: readonly VerifierKey[]): boolean {
  let signed = false
  for (const { name, id, signature } of checkpoint.signatures) {
    const known = keys.filter((key) => key.name === name && key.id === id)
    if (known.length === 0) continue
    if (!known.some(({ key }) => verify(null, checkpoint.text, key, signature))) return false
    signed ||= name === checkpoint.origin
  }
  return signed
}
