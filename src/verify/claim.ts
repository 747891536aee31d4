import type { Faults } from './fault.ts'
import type { Header } from './header.ts'
import { type Checkpoint, isSigned, parseCheckpoint, type VerifierKey } from './note.ts'

/** A checkpoint, and what the lines have at its size. */
export interface Claim {
  readonly name: string
  readonly checkpoint: Checkpoint | undefined
  /** Whether its form, its origin and its signature are right. */
  readonly isRight: boolean
  /** Of the lines up to its size, as latin1; undefined as long as there are fewer. */
  root?: string
  /** Of the last of these lines. */
  time?: string | null
}

/** Whether the lines are those that it counts. */
export function fits({ checkpoint, isRight, root }: Claim): boolean {
  return isRight && checkpoint !== undefined && root === checkpoint.root.toString('latin1')
}

/** The trail's own checkpoint. `bytes` is undefined where there is none. */
export function currentClaim(
  bytes: Uint8Array | undefined,
  header: Header | undefined,
  keys: readonly VerifierKey[],
  faults: Faults,
): Claim {
  const name = 'checkpoint'
  const checkpoint = bytes === undefined ? undefined : parseCheckpoint(bytes)
  if (checkpoint === undefined) {
    faults.add(bytes === undefined ? 'MISSING' : 'CHECKPOINT_FORM', { file: name })
    return { name, checkpoint, isRight: false }
  }
  const isOurs = header === undefined || header.origin === checkpoint.origin
  const signed = isSigned(checkpoint, keys)
  if (!isOurs) faults.add('ORIGIN', { file: name }, `It is that of ${checkpoint.origin}.`)
  if (!signed && canTell(header, keys)) faults.add('SIGNATURE', { file: name })
  return { name, checkpoint, isRight: isOurs && signed }
}

/** An older checkpoint, which comes from elsewhere. */
export function olderClaim(
  { name, bytes }: { readonly name: string; readonly bytes: Uint8Array },
  header: Header | undefined,
  keys: readonly VerifierKey[],
  faults: Faults,
): Claim {
  const checkpoint = parseCheckpoint(bytes)
  const isOurs = checkpoint !== undefined && (header === undefined || header.origin === checkpoint.origin)
  const signed = checkpoint !== undefined && isSigned(checkpoint, keys)
  if (!isOurs) faults.add('OLDER_FORM', { file: name })
  else if (!signed && canTell(header, keys)) faults.add('OLDER_SIGNATURE', { file: name })
  return { name, checkpoint, isRight: isOurs && signed }
}

/** Whether a signature can be called wrong. Without a key from outside, those of `trail.json` are asked; where it cannot be read, that is the fault. */
function canTell(header: Header | undefined, keys: readonly VerifierKey[]): boolean {
  return header !== undefined || keys.length > 0
}

/** Compares an older checkpoint with the lines, of which the trail's own counts `size`. */
export function judgeOlder(claim: Claim, size: number, faults: Faults): void {
  const { name, checkpoint, isRight, root } = claim
  if (checkpoint === undefined || !isRight) return
  const place = { file: name, leaf: 0, leaves: checkpoint.size }
  if (checkpoint.size > size) faults.add('OLDER_AHEAD', place, `It counts ${checkpoint.size}, the trail ${size}.`)
  else if (root !== undefined && !fits(claim)) faults.add('OLDER_DIFFERS', place)
}
