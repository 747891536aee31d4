import { parseKey } from './key.ts'
import { parseLine } from './line.ts'
import { fromBase64, isSigned, parseCheckpoint, sizeOf, textOf } from './note.ts'
import { HASH_BYTES, hashLeafAt, hashNode, leftOf } from './tree.ts'

export interface ProofVerdict {
  /** `consistent`: no key was given, and the record is in the tree that the proof itself names. */
  readonly verdict: 'passed' | 'failed' | 'consistent'
  readonly origin: string | null
  /** The index of the record. */
  readonly leaf: number | null
  /** The size of the tree that the record is in. */
  readonly size: number | null
  /** The record's line, without its newline; null unless it is proven to be in that tree. */
  readonly line: string | null
  /** What is wrong; null where nothing is. */
  readonly text: string | null
}

const HEAD = 'c2sp.org/tlog-proof@v1'
/** A line of 65,535 bytes in base64, 64 hashes, a checkpoint of 64 KiB. */
const MOST_BYTES = 262_144
const MOST_HASHES = 64

interface Proof {
  readonly line: Buffer
  readonly leaf: number
  readonly hashes: readonly Buffer[]
  readonly checkpoint: Buffer
}

/**
 * Verifies a C2SP tlog-proof whose `extra` is the line of a record: that this record is in the tree of a signed checkpoint.
 * It needs nothing but the proof and the keys.
 *
 * @throws VerifyError `WRONG_USE` where a key is none.
 */
export function verifyProof(bytes: Uint8Array, keys: readonly string[]): ProofVerdict {
  const trusted = keys.map(parseKey)
  const proof = parseProof(bytes)
  const checkpoint = proof === undefined ? undefined : parseCheckpoint(proof.checkpoint)
  if (proof === undefined || checkpoint === undefined) return failed('This is no proof of a record.')
  const { origin, size } = checkpoint
  const known = { origin, leaf: proof.leaf, size }
  if (trusted.length > 0 && !isSigned(checkpoint, trusted)) {
    return failed('The checkpoint in it has no right signature of the key.', known)
  }
  const node = hashLeafAt(Buffer.concat([Buffer.alloc(1), proof.line]), 1, proof.line.length + 1)
  const root = proof.leaf < size ? rootOf(proof.hashes, proof.leaf, size, node) : undefined
  if (root !== checkpoint.root.toString('latin1'))
    return failed('The record is not in the tree that was signed.', known)
  const line = textOf(proof.line)
  if (line === undefined || parseLine(proof.line) === undefined)
    return failed('It proves something that is no record.', known)
  return { verdict: trusted.length > 0 ? 'passed' : 'consistent', ...known, line, text: null }
}

function failed(text: string, known: Partial<ProofVerdict> = {}): ProofVerdict {
  return { origin: null, leaf: null, size: null, ...known, verdict: 'failed', line: null, text }
}

function parseProof(bytes: Uint8Array): Proof | undefined {
  const text = bytes.length > MOST_BYTES ? undefined : textOf(bytes)
  const blank = text?.indexOf('\n\n') ?? -1
  if (text === undefined || blank < 0) return undefined
  const [head, extra = '', index = '', ...encoded] = text.slice(0, blank).split('\n')
  const line = extra.startsWith('extra ') ? fromBase64(extra.slice(6)) : undefined
  const leaf = index.startsWith('index ') ? sizeOf(index.slice(6)) : undefined
  const hashes = encoded.slice(0, MOST_HASHES).map(fromBase64)
  if (head !== HEAD || line === undefined || leaf === undefined || encoded.length > MOST_HASHES) return undefined
  if (!hashes.every(isHash)) return undefined
  return { line, leaf, hashes, checkpoint: Buffer.from(text.slice(blank + 2)) }
}

function isHash(bytes: Buffer | undefined): bytes is Buffer {
  return bytes?.length === HASH_BYTES
}

/** The root that a path (RFC 6962 section 2.1.1) leads to, as latin1; undefined where it is too short or too long. */
function rootOf(path: readonly Buffer[], leaf: number, size: number, node: string): string | undefined {
  const sibling = path.at(-1)?.toString('latin1')
  if (size === 1) return sibling === undefined ? node : undefined
  if (sibling === undefined) return undefined
  const left = leftOf(size)
  const isLeft = leaf < left
  const inner = rootOf(path.slice(0, -1), isLeft ? leaf : leaf - left, isLeft ? left : size - left, node)
  if (inner === undefined) return undefined
  return isLeft ? hashNode(inner, sibling) : hashNode(sibling, inner)
}
