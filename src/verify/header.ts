import { createHash } from 'node:crypto'
import type { Faults } from './fault.ts'
import type { Files } from './files.ts'
import { isObject, type Json, parseObject } from './line.ts'
import { fromBase64, isKeyName, parseVerifierKey, textOf, type VerifierKey } from './note.ts'
import type { Follows } from './verdict.ts'

const VERSION = 1
const FILE = 'trail.json'

/** What `trail.json` says. It is no authority: only its hash, which the start records carry, binds it to the records. */
export interface Header {
  readonly origin: string
  readonly keys: readonly VerifierKey[]
  readonly follows: Follows | null
  /** The SHA-256 of the file, in lower-case hexadecimal. */
  readonly hash: string
}

export function readHeader(files: Files, faults: Faults): Header | undefined {
  const bytes = files.read(FILE)
  if (bytes === undefined) {
    faults.add('MISSING', { file: FILE })
    return undefined
  }
  const value = parseOneLine(textOf(bytes))
  if (value !== undefined && value.format !== VERSION) {
    faults.add('VERSION', { file: FILE })
    return undefined
  }
  const header = value === undefined ? undefined : parseHeader(value)
  if (header === undefined) {
    faults.add('HEADER', { file: FILE })
    return undefined
  }
  return { ...header, hash: createHash('sha256').update(bytes).digest('hex') }
}

function parseOneLine(text: string | undefined): Json | undefined {
  return text !== undefined && text.indexOf('\n') === text.length - 1 ? parseObject(text) : undefined
}

function parseHeader({ origin, keys, follows, ...rest }: Json): Omit<Header, 'hash'> | undefined {
  const known = Object.keys(rest).every((name) => name === 'format')
  const before = follows === undefined ? null : parseFollows(follows)
  if (!known || !isOrigin(origin) || !Array.isArray(keys) || before === undefined) return undefined
  const parsed = keys.map((key) => (typeof key === 'string' ? parseVerifierKey(key) : undefined))
  return parsed.every((key) => key !== undefined) ? { origin, keys: parsed, follows: before } : undefined
}

function isOrigin(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 255 && isKeyName(value)
}

function parseFollows(value: unknown): Follows | undefined {
  if (!isObject(value)) return undefined
  const { origin, size, root } = value
  const isSize = typeof size === 'number' && Number.isSafeInteger(size) && size >= 0
  const isRoot = typeof root === 'string' && fromBase64(root)?.length === 32
  return isOrigin(origin) && isSize && isRoot ? { origin, size, root } : undefined
}
