import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/*
 * Builds trails from docs/format.md alone: plainly, all at once, with nothing of the package, so that what is tested and
 * what is tested against have no mistake in common.
 */

/** What a trail holds; everything else follows from it. */
export interface Contents {
  readonly header: string
  readonly lines: readonly string[]
  /** The index of each segment's first line. */
  readonly segments: readonly number[]
  /** How many lines the checkpoint counts. */
  readonly signed: number
  readonly origin: string
  readonly key: KeyObject
}

/** The files of a directory, by their path in it. */
export type Files = ReadonlyMap<string, Buffer>

export const origin = 'example.org/bicycles/audit'

export function keyOf(seed: number): KeyObject {
  const head = Buffer.from('302e020100300506032b657004220420', 'hex')
  return createPrivateKey({ key: Buffer.concat([head, Buffer.alloc(32, seed)]), format: 'der', type: 'pkcs8' })
}

function publicBytes(key: KeyObject): Buffer {
  return Buffer.concat([Buffer.of(1), createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32)])
}

function keyId(name: string, key: KeyObject): Buffer {
  return sha256(Buffer.from(`${name}\n`), publicBytes(key)).subarray(0, 4)
}

export function vkeyOf(name: string, key: KeyObject): string {
  return `${name}+${keyId(name, key).toString('hex')}+${publicBytes(key).toString('base64')}`
}

function sha256(...parts: readonly Buffer[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest()
}

export const leafHash = (line: string): Buffer => sha256(Buffer.of(0), Buffer.from(line))

/** RFC 6962 section 2.1, word for word. */
export function rootOf(leaves: readonly Buffer[]): Buffer {
  const [first = sha256()] = leaves
  if (leaves.length < 2) return first
  let left = 1
  while (left * 2 < leaves.length) left *= 2
  return sha256(Buffer.of(1), rootOf(leaves.slice(0, left)), rootOf(leaves.slice(left)))
}

export function headerOf(name: string, key: KeyObject, more: object = {}): string {
  return `${JSON.stringify({ format: 1, origin: name, keys: [vkeyOf(name, key)], ...more })}\n`
}

function hashOf(text: string): string {
  return sha256(Buffer.from(text)).toString('hex')
}

const timeOf = (index: number): string => new Date(Date.UTC(2026, 10, 25, 9, 0, index)).toISOString()

/** A record of its own; `members` come between the head and the nonce. */
export function lineOf(index: number, members: object): string {
  const id = `019ab000-0000-7000-8000-${String(index).padStart(12, '0')}`
  const nonce = sha256(Buffer.from(`nonce ${index}`))
    .toString('base64url')
    .slice(0, 22)
  return JSON.stringify({ id, time: timeOf(index), logger: 'audit_log', ...members, nonce })
}

export function startLine(index: number, header: string): string {
  return lineOf(index, { kind: 'start', start: { in_force: { guarantee: 'written' }, trail: hashOf(header) } })
}

export function recordLine(index: number, message = 'List Bicycle'): string {
  return lineOf(index, {
    http_request: { method: 'GET', url: `https://app.example.org/bicycles/${index}`, user_agent: null },
    http_response: { status_code: 200, reason: 'OK', headers: {} },
    user: { authenticated: true, email: 'jané@example.org', roles: [] },
    outcome: 'success',
    type: 'INFO',
    message,
  })
}

/** A start record and as many others as make `size` lines, all signed. */
export function contentsOf(size: number, segments: readonly number[] = [0], seed = 7): Contents {
  const key = keyOf(seed)
  const header = headerOf(origin, key)
  const lines = Array.from({ length: size }, (_, index) => (index === 0 ? startLine(0, header) : recordLine(index)))
  return { header, lines, segments, signed: size, origin, key }
}

export function segmentPath(first: number): string {
  return `segments/${String(first).padStart(12, '0')}.ndjson`
}

export function segmentFiles({ lines, segments }: Contents): Files {
  return new Map(
    segments.map((first, index) => [
      segmentPath(first),
      Buffer.from(
        lines
          .slice(first, segments[index + 1])
          .map((line) => `${line}\n`)
          .join(''),
      ),
    ]),
  )
}

function tilePath(level: number, index: number, width: number): string {
  const groups = [String(index % 1000).padStart(3, '0')]
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`x${String(rest % 1000).padStart(3, '0')}`)
  }
  return `tile/${level}/${groups.join('/')}${width === 256 ? '' : `.p/${width}`}`
}

/** The tiles of the first `size` lines. */
export function tileFiles({ lines }: Contents, size: number): Files {
  const files = new Map<string, Buffer>()
  const leaves = lines.slice(0, size).map(leafHash)
  for (let level = 0; 256 ** level <= size; level += 1) {
    const each = 256 ** level
    const nodes = Array.from({ length: Math.floor(size / each) }, (_, index) =>
      rootOf(leaves.slice(index * each, (index + 1) * each)),
    )
    for (let index = 0; index * 256 < nodes.length; index += 1) {
      const hashes = nodes.slice(index * 256, (index + 1) * 256)
      files.set(tilePath(level, index, hashes.length), Buffer.concat(hashes))
    }
  }
  return files
}

/** A checkpoint of the first `size` lines, signed by `key` as `name`. */
export function checkpointOf(
  contents: Contents,
  size: number,
  key: KeyObject = contents.key,
  name: string = contents.origin,
): Buffer {
  const root = rootOf(contents.lines.slice(0, size).map(leafHash)).toString('base64')
  return signedNote(`${name}\n${size}\n${root}\n`, key, name)
}

export function signedNote(text: string, key: KeyObject, name: string): Buffer {
  const signature = Buffer.concat([keyId(name, key), sign(null, Buffer.from(text), key)])
  return Buffer.from(`${text}\n— ${name} ${signature.toString('base64')}\n`)
}

/** A whole trail. */
export function filesOf(contents: Contents): Files {
  return new Map([
    ['trail.json', Buffer.from(contents.header)],
    ...segmentFiles(contents),
    ...tileFiles(contents, contents.signed),
    ['checkpoint', checkpointOf(contents, contents.signed)],
  ])
}

export function writeFiles(directory: string, files: Files): void {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), bytes)
  }
}
