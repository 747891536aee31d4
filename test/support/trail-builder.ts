/*
 * Trails made by hand, from docs/format.md alone: no code of the trail has a part in it.
 *
 *   const trail = buildTrail(directory, { lines: recordLines(300), checkpointAt: 280, segmentsAt: [0, 100] })
 *
 * The key is that of a seed of bytes 00, 01, … 1f; `writeKey` puts it beside the directory, where a trail has it.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface TrailPlan {
  /** Without newlines and, unless a line is whole already, without nonces; 3 by default. */
  readonly lines?: readonly string[]
  /** The size of the checkpoint; all lines by default. */
  readonly checkpointAt?: number
  /** The index of each segment's first line, the first one 0; one segment by default. */
  readonly segmentsAt?: readonly number[]
  /** Bytes behind the last line. */
  readonly tail?: string | Buffer
  readonly origin?: string
  readonly seed?: Buffer
  readonly follows?: { readonly origin: string; readonly size: number; readonly root: string }
}

export interface BuiltTrail {
  readonly directory: string
  readonly origin: string
  readonly privateKey: KeyObject
  /** The verifier key, as text. */
  readonly verifierKey: string
  /** SHA-256 of `trail.json` in hexadecimal. */
  readonly trailHash: string
  /** With their nonces. */
  readonly lines: readonly string[]
}

export const builtOrigin = 'example.org/bicycles/audit'

/** Writes a whole trail. The directory must not be there. */
export function buildTrail(directory: string, plan: TrailPlan = {}): BuiltTrail {
  const { origin = builtOrigin, checkpointAt, segmentsAt = [0], tail = '', follows } = plan
  const privateKey = keyOf(plan.seed ?? Buffer.from(Array.from({ length: 32 }, (_, index) => index)))
  const verifierKey = verifierKeyOf(origin, privateKey)
  const trail = `${JSON.stringify({ format: 1, origin, keys: [verifierKey], follows })}\n`
  const lines = (plan.lines ?? recordLines(3)).map(withNonce)
  const leaves = lines.map(leafHash)
  const size = checkpointAt ?? lines.length
  for (const name of ['', 'segments', 'tile', 'control', 'damage', 'cursors', 'dead-letter'])
    makeDirectory(directory, name)
  write(directory, 'trail.json', trail)
  write(directory, 'checkpoint', signedCheckpoint(origin, leaves.slice(0, size), privateKey))
  for (const [place, first] of segmentsAt.entries()) {
    const text = lines.slice(first, segmentsAt[place + 1]).map((line) => `${line}\n`)
    const end = place === segmentsAt.length - 1 ? Buffer.from(tail) : Buffer.alloc(0)
    write(directory, segmentPathOf(first), Buffer.concat([Buffer.from(text.join('')), end]))
  }
  for (const [path, hashes] of tilesOfLeaves(leaves.slice(0, size))) write(directory, `tile/${path}`, hashes)
  return { directory, origin, privateKey, verifierKey, lines, trailHash: sha256(trail).toString('hex') }
}

/** Puts the key of a trail where it is looked for. */
export function writeKey({ directory, privateKey }: Pick<BuiltTrail, 'directory' | 'privateKey'>): void {
  writeFileSync(`${directory}.key`, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 })
}

/** The path of a segment within its trail. */
export function segmentPathOf(first: number): string {
  return `segments/${String(first).padStart(12, '0')}.ndjson`
}

/** The id of the record that a number stands for. */
export function idOf(number: number): string {
  return `019ab000-0000-7000-8000-${String(number).padStart(12, '0')}`
}

/** A time that goes up with the number. */
export function timeOf(number: number): string {
  return new Date(Date.UTC(2026, 10, 25, 9) + 1000 * number).toISOString()
}

/** Records of exchanges, numbered from `from` on, without nonces. */
export function recordLines(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => exchangeLine(from + index))
}

export function exchangeLine(number: number): string {
  return JSON.stringify({
    id: idOf(number),
    time: timeOf(number),
    duration_ms: 1.5,
    logger: 'audit_log',
    http_request: { method: 'GET', url: 'https://app.example.org/bicycles', user_agent: null },
    outcome: 'success',
    type: 'INFO',
    message: 'List Bicycle',
  })
}

/** A record of the trail's own, without a nonce. */
export function ownLine(number: number, kind: string, members: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ id: idOf(number), time: timeOf(number), logger: 'audit_log', kind, ...members })
}

/** A line with a nonce, which only says which line it is; one that has a nonce is left as it is. */
export function withNonce(line: string): string {
  if (/,"nonce":"[\w-]{22}"\}$/.test(line)) return line
  return `${line.slice(0, -1)},"nonce":"${sha256(line).subarray(0, 16).toString('base64url')}"}`
}

/** The checkpoint of a tree of these leaves, with its signature. */
export function signedCheckpoint(origin: string, leaves: readonly Buffer[], privateKey: KeyObject): string {
  const text = `${origin}\n${leaves.length}\n${rootOf(leaves).toString('base64')}\n`
  const [, id = ''] = verifierKeyOf(origin, privateKey).split('+')
  const signature = Buffer.concat([Buffer.from(id, 'hex'), sign(null, Buffer.from(text), privateKey)])
  return `${text}\n— ${origin} ${signature.toString('base64')}\n`
}

export function leafHash(line: string): Buffer {
  return sha256(Buffer.concat([Buffer.of(0), Buffer.from(line)]))
}

/** RFC 6962, 2.1. */
export function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256('')
  if (leaves.length === 1) return leaves[0] as Buffer
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return sha256(Buffer.concat([Buffer.of(1), rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split))]))
}

/** The tiles of a tree by their paths below `tile/`; indices of up to three digits. */
export function tilesOfLeaves(leaves: readonly Buffer[]): Map<string, Buffer> {
  const tiles = new Map<string, Buffer>()
  let hashes = leaves
  for (let level = 0; hashes.length > 0; level++) {
    const above: Buffer[] = []
    for (let start = 0; start < hashes.length; start += 256) {
      const tile = hashes.slice(start, start + 256)
      const path = `${level}/${String(start / 256).padStart(3, '0')}`
      tiles.set(tile.length === 256 ? path : `${path}.p/${tile.length}`, Buffer.concat(tile))
      if (tile.length === 256) above.push(rootOf(tile))
    }
    hashes = above
  }
  return tiles
}

function verifierKeyOf(origin: string, privateKey: KeyObject): string {
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  const typed = Buffer.concat([Buffer.of(1), Buffer.from(x, 'base64url')])
  const id = sha256(Buffer.concat([Buffer.from(`${origin}\n`), typed])).toString('hex', 0, 4)
  return `${origin}+${id}+${typed.toString('base64')}`
}

/** The Ed25519 key of a seed, in the DER of RFC 8410. */
export function keyOf(seed: Buffer): KeyObject {
  const key = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
}

function sha256(bytes: string | Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}

function makeDirectory(directory: string, name: string): void {
  mkdirSync(join(directory, name), { mode: 0o700 })
}

function write(directory: string, path: string, bytes: string | Buffer): void {
  mkdirSync(dirname(join(directory, path)), { recursive: true, mode: 0o700 })
  writeFileSync(join(directory, path), bytes, { mode: 0o600 })
}
