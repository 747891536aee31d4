import type { KeyObject } from 'node:crypto'
import { AuditError } from '../lib/errors.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import type { Disk } from './disk.ts'
import type { Layout } from './layout.ts'
import { createSigner, maxNoteLength, parseNote, verifyNote } from './signed-note.ts'
import { readSmall } from './small-file.ts'

/** The checkpoint that a trail's file holds. */
export interface FoundCheckpoint extends Checkpoint {
  /** All of the file. */
  readonly bytes: Buffer
  /** Lines behind the root; a trail's own checkpoint has none. */
  readonly extensions: readonly string[]
}

/** Reads a trail's newest checkpoint; its signatures are not checked. What is in its place and is none is invalid. */
export async function readCheckpoint(disk: Disk, layout: Layout): Promise<FoundCheckpoint | 'missing' | 'invalid'> {
  const bytes = await readSmall(disk, layout.checkpoint, maxNoteLength)
  if (bytes === 'missing') return 'missing'
  const note = bytes === 'unfit' ? undefined : parseNote(bytes)
  const found = note === undefined ? undefined : parseCheckpoint(note.text)
  return bytes === 'unfit' || found === undefined ? 'invalid' : { ...found, bytes }
}

/** The same where the key has signed it, in the name of its origin, which must be the one given, if any; all else is invalid. */
export async function readOwnCheckpoint(
  disk: Disk,
  layout: Layout,
  key: KeyObject,
  origin?: string,
): Promise<FoundCheckpoint | 'missing' | 'invalid'> {
  const found = await readCheckpoint(disk, layout)
  if (typeof found === 'string') return found
  const isRight = found.extensions.length === 0 && (origin ?? found.origin) === found.origin && isSigned(found, key)
  return isRight ? found : 'invalid'
}

function isSigned({ bytes, origin }: FoundCheckpoint, key: KeyObject): boolean {
  try {
    verifyNote(bytes, [createSigner(origin, key).verifierKey])
    return true
  } catch (error) {
    if (error instanceof AuditError) return false
    throw error
  }
}
