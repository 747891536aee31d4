import { createHash } from 'node:crypto'
import { decodeBase64 } from '../lib/base64.ts'
import { AuditError } from '../lib/errors.ts'
import { isOrigin } from './checkpoint.ts'
import type { Disk } from './disk.ts'
import type { Layout } from './layout.ts'
import { isObject, objectOf } from './line.ts'
import { hashLength } from './merkle.ts'
import { readSmall } from './small-file.ts'

/** What a trail follows: the newest checkpoint of a trail that was not continued; `root` is base64. */
export interface Follows {
  readonly origin: string
  readonly size: number
  readonly root: string
}

/** What `trail.json` says. */
export interface Header {
  readonly origin: string
  /** Verifier keys, as text. */
  readonly keys: readonly string[]
  readonly follows: Follows | undefined
  /** SHA-256 of the file, in lower-case hexadecimal. */
  readonly hash: string
}

const format = 1
const maxHeaderBytes = 65_536

/** Reads `trail.json`. Throws `TRAIL_VERSION_UNKNOWN`. */
export async function readHeader(disk: Disk, layout: Layout): Promise<Header | 'missing' | 'invalid'> {
  const bytes = await readSmall(disk, layout.trail, maxHeaderBytes)
  if (bytes === 'missing') return 'missing'
  const object = bytes === 'unfit' ? undefined : objectOf(bytes)
  if (bytes === 'unfit' || object === undefined) return 'invalid'
  if (Number.isSafeInteger(object.format) && Number(object.format) > format) {
    throw new AuditError('TRAIL_VERSION_UNKNOWN', { directory: layout.directory, format: object.format })
  }
  return parseHeader(object, bytes) ?? 'invalid'
}

/** The bytes of `trail.json`. */
export function formatHeader({ origin, keys, follows }: Omit<Header, 'hash'>): Buffer {
  return Buffer.from(`${JSON.stringify({ format, origin, keys, follows })}\n`)
}

/** The hash of `trail.json`, as `start` records have it. */
export function hashOfHeader(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function parseHeader(object: Readonly<Record<string, unknown>>, bytes: Buffer): Header | undefined {
  const { origin, keys, follows } = object
  // One line: its only newline is its last byte.
  if (object.format !== format || bytes.indexOf('\n') !== bytes.length - 1) return undefined
  if (typeof origin !== 'string' || !isOrigin(origin) || !isListOfTexts(keys)) return undefined
  if (follows !== undefined && !isFollows(follows)) return undefined
  return { origin, keys, follows, hash: hashOfHeader(bytes) }
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((text) => typeof text === 'string')
}

function isFollows(value: unknown): value is Follows {
  if (!isObject(value) || typeof value.origin !== 'string' || typeof value.root !== 'string') return false
  const isSize = Number.isSafeInteger(value.size) && Number(value.size) >= 0
  return isSize && isOrigin(value.origin) && decodeBase64(value.root)?.length === hashLength
}
