import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { signCheckpoint } from '../../src/trail/checkpoint.ts'
import { hashLeaf, partialWidth, Tree } from '../../src/trail/merkle.ts'
import { consistencyPath, type HashAt, hashesFromTiles, inclusionPath } from '../../src/trail/proof.ts'
import { createSigner } from '../../src/trail/signed-note.ts'
import { tileIndexPath, tilePath } from '../../src/trail/tile-path.ts'
import { formatVerifierKey, verifierKeyOf } from '../../src/trail/verifier-key.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { ask, buildChecker, type Question } from './tlog/check.ts'

const origin = 'example.org/bicycles/audit'
const signer = createSigner(origin, generateKeyPairSync('ed25519').privateKey)
const key = formatVerifierKey(signer.verifierKey)
const sizes = [1, 2, 3, 7, 8, 255, 256, 257, 512, 699, 700]
const records = Array.from({ length: 700 }, (_, index) =>
  Buffer.from(
    index === 4 ? `{"results":"${'a'.repeat(65_521)}"}` : JSON.stringify({ id: index, message: 'Bücher 🚲' }),
  ),
)

/** Everything of a tree at one size. */
interface State {
  readonly checkpoint: string
  readonly hashAt: HashAt
  readonly tiles: ReadonlyMap<string, Uint8Array>
}

const states = new Map<number, State>()
const tree = new Tree()
const full = new Map<string, Uint8Array>()
for (const size of [0, ...sizes]) {
  while (tree.size < size) tree.append(hashLeaf(records[tree.size]!))
  for (const { level, index, hashes } of tree.takeFullTiles()) full.set(tilePath(level, index), hashes)
  const tiles = new Map(full)
  for (const { level, index, width, hashes } of tree.partialTiles()) tiles.set(tilePath(level, index, width), hashes)
  states.set(size, {
    checkpoint: signCheckpoint({ origin, size, root: tree.root() }, signer),
    hashAt: hashesFromTiles(async (level, index) => {
      const isFull = index < Math.floor(size / 256 ** (level + 1))
      return tiles.get(tilePath(level, index, isFull ? 256 : partialWidth(size, level)))!
    }),
    tiles,
  })
}

let checker: string
beforeAll(async () => {
  checker = await buildChecker()
})

async function verdictOn(question: Question): Promise<{ readonly ok: boolean; readonly reason?: string }> {
  const [verdict] = await ask(checker, [question])
  return verdict!
}

function changed(bytes: Uint8Array, at = 0): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = copy[at]! ^ 1
  return copy
}

async function inclusion(index: number, size: number): Promise<Extract<Question, { check: 'inclusion' }>> {
  const { checkpoint, hashAt } = states.get(size)!
  const proof = await inclusionPath(index, size, hashAt)
  return { check: 'inclusion', key, checkpoint, record: records[index]!, index, proof }
}

async function consistency(old: number, size: number): Promise<Extract<Question, { check: 'consistency' }>> {
  const { checkpoint, hashAt } = states.get(size)!
  const proof = await consistencyPath(old, size, hashAt)
  return { check: 'consistency', key, old: states.get(old)!.checkpoint, checkpoint, proof }
}

describe("Go's own libraries accept", () => {
  it('each checkpoint, that of an empty tree too', async () => {
    const questions = [...states.values()].map(({ checkpoint }) => ({ check: 'checkpoint', key, checkpoint }) as const)
    expect(await ask(checker, questions)).toEqual([0, ...sizes].map((size) => ({ ok: true, origin, size })))
  })

  it('the proof of each record in trees of each size', async () => {
    for (const size of sizes) {
      const questions = await Promise.all(records.slice(0, size).map((_, index) => inclusion(index, size)))
      const verdicts = await ask(checker, questions)
      expect(verdicts.filter(({ ok }) => !ok)).toEqual([])
      expect(verdicts).toHaveLength(size)
    }
  })

  it('that each tree begins with each of the smaller ones', async () => {
    const pairs = sizes.flatMap((size) => sizes.filter((old) => old <= size).map((old) => consistency(old, size)))
    const verdicts = await ask(checker, await Promise.all(pairs))
    expect(verdicts.filter(({ ok }) => !ok)).toEqual([])
  })
})

describe("Go's own libraries refuse", () => {
  it('a record, a checkpoint or a proof of which a byte is another', async () => {
    const right = await inclusion(300, 700)
    expect(await verdictOn({ ...right, record: changed(right.record) })).toMatchObject({ ok: false })
    expect(await verdictOn({ ...right, checkpoint: right.checkpoint.replace('700', '701') })).toMatchObject({
      ok: false,
    })
    for (const place of right.proof.keys()) {
      const proof = right.proof.map((hash, at) => (at === place ? changed(hash, 31) : hash))
      expect(await verdictOn({ ...right, proof })).toMatchObject({ ok: false })
    }
  })

  it('another root, though it is signed', async () => {
    const checkpoint = signCheckpoint({ origin, size: 700, root: Buffer.alloc(32) }, signer)
    expect(await verdictOn({ ...(await inclusion(300, 700)), checkpoint })).toMatchObject({ ok: false })
    expect(await verdictOn({ ...(await consistency(257, 700)), checkpoint })).toMatchObject({ ok: false })
    expect(await verdictOn({ ...(await consistency(257, 700)), old: checkpoint })).toMatchObject({ ok: false })
  })

  it('another key', async () => {
    const other = createPublicKey(generateKeyPairSync('ed25519').privateKey)
    for (const name of [origin, 'example.org/other']) {
      const verifierKey = formatVerifierKey(verifierKeyOf(name, other))
      const checkpoint = states.get(700)!.checkpoint
      expect(await verdictOn({ check: 'checkpoint', key: verifierKey, checkpoint })).toMatchObject({ ok: false })
    }
  })

  it('another index, and another proof', async () => {
    const right = await inclusion(300, 700)
    expect(await verdictOn({ ...right, index: 301 })).toMatchObject({ ok: false })
    expect(await verdictOn({ ...right, proof: (await inclusion(301, 700)).proof })).toMatchObject({ ok: false })
    expect(await verdictOn({ ...right, proof: right.proof.slice(1) })).toMatchObject({ ok: false })
    const { proof } = await consistency(256, 700)
    expect(await verdictOn({ ...(await consistency(257, 700)), proof })).toMatchObject({ ok: false })
  })
})

/** Writes a log as c2sp.org/tlog-tiles lays it out. */
function writeLog(size: number): string {
  const directory = temporaryDirectory()
  const { checkpoint, tiles } = states.get(size)!
  write(join(directory, 'checkpoint'), checkpoint)
  for (const [path, hashes] of tiles) write(join(directory, 'tile', path), hashes)
  for (let start = 0; start < size; start += 256) {
    const bundle = records.slice(start, Math.min(start + 256, size)).map((record) => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(record.length)
      return Buffer.concat([length, record])
    })
    write(join(directory, 'tile/entries', tileIndexPath(start / 256, bundle.length)), Buffer.concat(bundle))
  }
  return directory
}

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

/** The same log with its records in segments, as a trail has them; the last line is not part of the checkpoint. */
function writeTrail(size: number): string {
  const directory = writeLog(size)
  rmSync(join(directory, 'tile/entries'), { recursive: true, force: true })
  for (const [start, end] of [
    [0, Math.floor(size / 3)],
    [Math.floor(size / 3), size + 1],
  ] as const) {
    const lines = records.slice(start, end).map((record) => `${record}\n`)
    write(join(directory, 'segments', `${String(start).padStart(12, '0')}.ndjson`), lines.join(''))
  }
  return directory
}

describe('a log of tiles', () => {
  it.each([0, ...sizes])('of %i records is accepted', async (size) => {
    expect(await verdictOn({ check: 'log', key, directory: writeLog(size) })).toEqual({ ok: true, origin, size })
  })

  it.each([3, 256, 512])('of %i records in segments is accepted', async (size) => {
    expect(await verdictOn({ check: 'log', key, directory: writeTrail(size) })).toEqual({ ok: true, origin, size })
  })

  it('may have narrower tiles left over', async () => {
    const directory = writeLog(257)
    for (const [path, hashes] of states.get(255)!.tiles) write(join(directory, 'tile', path), hashes)
    expect(await verdictOn({ check: 'log', key, directory })).toEqual({ ok: true, origin, size: 257 })
  })

  it('of a trail may have lines and wider tiles ahead of its checkpoint', async () => {
    const directory = writeTrail(699)
    write(join(directory, 'checkpoint'), states.get(257)!.checkpoint)
    expect(await verdictOn({ check: 'log', key, directory })).toEqual({ ok: true, origin, size: 257 })
    const tile = join(directory, 'tile/0/002.p/187')
    writeFileSync(tile, changed(readFileSync(tile), 40))
    expect(await verdictOn({ check: 'log', key, directory })).toMatchObject({ ok: false })
  })

  const paths = ['tile/0/000', 'tile/0/002.p/188', 'tile/1/000.p/2', 'tile/entries/001', 'tile/entries/002.p/188']

  it.each(['checkpoint', ...paths])('is refused with a byte of %s changed', async (path) => {
    const directory = writeLog(700)
    const file = join(directory, path)
    writeFileSync(file, changed(readFileSync(file), 40))
    expect(await verdictOn({ check: 'log', key, directory })).toMatchObject({ ok: false })
  })

  it.each(['checkpoint', ...paths])('is refused without %s', async (path) => {
    const directory = writeLog(700)
    rmSync(join(directory, path))
    expect(await verdictOn({ check: 'log', key, directory })).toMatchObject({ ok: false })
  })

  it.each(paths)('is refused with one byte more in %s', async (path) => {
    const directory = writeLog(700)
    writeFileSync(join(directory, path), '\0', { flag: 'a' })
    expect(await verdictOn({ check: 'log', key, directory })).toMatchObject({ ok: false })
  })

  it('is refused with a file that is no tile', async () => {
    const directory = writeLog(700)
    cpSync(join(directory, 'tile/0/000'), join(directory, 'tile/0/000.bak'))
    expect(existsSync(join(directory, 'tile/0/000.bak'))).toBe(true)
    expect(await verdictOn({ check: 'log', key, directory })).toMatchObject({ ok: false })
  })
})
