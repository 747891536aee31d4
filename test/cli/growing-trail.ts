import { createHash, createPrivateKey } from 'node:crypto'
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { signCheckpoint } from '../../src/trail/checkpoint.ts'
import { segmentPath } from '../../src/trail/layout.ts'
import { hashLeaf, Tree } from '../../src/trail/merkle.ts'
import { createSigner } from '../../src/trail/signed-note.ts'
import { tilePath } from '../../src/trail/tile-path.ts'
import { vector, vectorTrail } from './vectors.ts'

const origin = vector('checkpoint-3').split('\n')[0] ?? ''
const seed = Buffer.from(Array.from({ length: 32 }, (_, index) => index))
// PKCS#8 of an Ed25519 key: a prefix that is the same for each, and the seed (RFC 8410, 7).
const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
const signer = createSigner(origin, createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }))

/** A trail that a test writes to, as a writer would: the key is that of the vectors, the first record the vectors' start record. */
export class GrowingTrail {
  readonly directory: string
  readonly #tree = new Tree()
  #segment = 0

  constructor() {
    const first = vector('segment').split('\n')[0] ?? ''
    this.directory = vectorTrail({ 'segments/000000000000.ndjson': '' })
    rmSync(join(this.directory, 'tile'), { recursive: true })
    this.write(first)
    this.checkpoint()
  }

  get size(): number {
    return this.#tree.size
  }

  /** Adds lines behind the checkpoint. */
  write(...lines: readonly string[]): void {
    for (const line of lines) {
      appendFileSync(join(this.directory, segmentPath(this.#segment)), `${line}\n`, { mode: 0o600 })
      this.#tree.append(hashLeaf(Buffer.from(line)))
    }
  }

  /** Adds exchanges that are told apart by their number, and gives their ids. */
  exchanges(count: number): readonly string[] {
    return Array.from({ length: count }, () => {
      const { id, line } = exchange(this.size)
      this.write(line)
      return id
    })
  }

  /** Goes on in a new segment. */
  rotate(): void {
    this.#segment = this.size
  }

  /** Makes all that was written durable, as far as a reader sees. */
  checkpoint(): void {
    for (const { level, index, width, hashes } of [...this.#tree.takeFullTiles(), ...this.#tree.partialTiles()]) {
      this.#put(join('tile', tilePath(level, index, width)), hashes)
    }
    const text = signCheckpoint({ origin, size: this.size, root: this.#tree.root() }, signer)
    this.#put('checkpoint', Buffer.from(text))
  }

  #put(path: string, bytes: Uint8Array): void {
    const [made, file] = [join(this.directory, 'control', 'made'), join(this.directory, path)]
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(made, bytes, { mode: 0o600 })
    renameSync(made, file)
  }
}

/** An exchange of its own number, as a line. */
export function exchange(number: number, members: object = {}): { id: string; line: string } {
  const id = `019ab001-0000-7000-8000-${String(number).padStart(12, '0')}`
  const line = JSON.stringify({
    id,
    time: '2026-11-25T09:10:00.000Z',
    logger: 'audit_log',
    http_request: { method: 'GET', url: `https://app.example.org/bicycles/${number}`, user_agent: null },
    http_response: { status_code: 200, reason: 'OK', headers: {} },
    user: { authenticated: false, roles: [], ip: null },
    outcome: 'success',
    type: 'INFO',
    message: `Number ${number}`,
    ...members,
    nonce: createHash('sha256').update(id).digest('base64url').slice(0, 22),
  })
  return { id, line }
}
