import { decodeBase64 } from '../lib/base64.ts'
import { hashLength } from './merkle.ts'
import { type Signer, signNote } from './signed-note.ts'

/** The state of a trail: how many leaves it has, and the root of their tree. */
export interface Checkpoint {
  /** The name of the trail; see `isOrigin`. */
  readonly origin: string
  /** The number of leaves, up to 2^53 - 1. */
  readonly size: number
  /** 32 bytes. */
  readonly root: Buffer
}

const origin = /^[^\p{White_Space}\p{Control}\p{Surrogate}+]{1,255}$/u
const decimal = /^(?:0|[1-9]\d{0,15})$/

/** Whether a text can be the name of a trail: 1 to 255 characters, no space, no control character, no `+`. */
export function isOrigin(text: string): boolean {
  return origin.test(text)
}

/** The text of a checkpoint, a line each: origin, size, root in base64 (c2sp.org/tlog-checkpoint). Throws a `RangeError` for what is none. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  if (!isOrigin(origin) || !Number.isSafeInteger(size) || size < 0 || root.length !== hashLength) {
    throw new RangeError('a checkpoint has an origin, a size and a root of 32 bytes')
  }
  return `${origin}\n${size}\n${root.toString('base64')}\n`
}

/** A checkpoint as a signed note, ready to be written. */
export function signCheckpoint(checkpoint: Checkpoint, ...signers: readonly [Signer, ...Signer[]]): string {
  return signNote(formatCheckpoint(checkpoint), ...signers)
}

/** The checkpoint that the text of a note is, with any further lines; `undefined` where it is not exactly of that form. */
export function parseCheckpoint(text: string): (Checkpoint & { readonly extensions: readonly string[] }) | undefined {
  const [origin = '', size = '', encoded = '', ...rest] = text.split('\n')
  const root = decodeBase64(encoded)
  if (!isOrigin(origin) || !decimal.test(size) || !Number.isSafeInteger(Number(size))) return undefined
  if (root?.length !== hashLength || rest.pop() !== '' || rest.includes('')) return undefined
  return { origin, size: Number(size), root, extensions: rest }
}
