import { createHash, createPrivateKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parseCheckpoint, signCheckpoint } from '../../src/trail/checkpoint.ts'
import { hashLeaf, Tree } from '../../src/trail/merkle.ts'
import { formatTlogProof, inclusionPath } from '../../src/trail/proof.ts'
import { createSigner, verifyNote } from '../../src/trail/signed-note.ts'
import { formatVerifierKey, parseVerifierKey } from '../../src/trail/verifier-key.ts'
import { pages } from './pages.ts'

const page = pages.get('docs/format.md') ?? ''

/** A block of the page's test vectors, by the name behind its language. */
function vector(name: string): string {
  const block = new RegExp(`^\`\`\`\\w+ ${name}\\n([\\s\\S]*?^)\`\`\`$`, 'm').exec(page)
  if (block?.[1] === undefined) throw new Error(`the page has no block ${name}`)
  return block[1]
}

const seed = Buffer.from(Array.from({ length: 32 }, (_, index) => index))
const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
const { origin, keys } = JSON.parse(vector('trail.json')) as { origin: string; keys: string[] }
const signer = createSigner(origin, privateKey)
const lines = vector('segment')
  .split('\n')
  .slice(0, -1)
  .map((line) => Buffer.from(line))
const tree = new Tree()
const roots = [tree.root()]
for (const line of lines) {
  tree.append(hashLeaf(line))
  roots.push(tree.root())
}

describe('the test vectors of the format', () => {
  it('have the verifier key that seed and origin make', () => {
    expect(`${formatVerifierKey(signer.verifierKey)}\n`).toBe(vector('vkey'))
    expect(keys).toEqual([vector('vkey').trimEnd()])
    expect(parseVerifierKey(vector('vkey').trimEnd())).toBeDefined()
  })

  it('have the hash of trail.json, in the page and in the first record', () => {
    const hash = createHash('sha256').update(vector('trail.json')).digest('hex')
    expect(page).toContain(`whose hash is \`${hash}\``)
    expect(JSON.parse(String(lines[0]))).toMatchObject({ kind: 'start', start: { trail: hash } })
  })

  it('have the hashes of the leaves and the roots of each size', () => {
    expect(lines.map((line) => `${hashLeaf(line).toString('hex')}\n`).join('')).toBe(vector('leaves'))
    expect(roots.map((root) => `${root.toString('hex')}\n`).join('')).toBe(vector('roots'))
  })

  it.each([2, 3])('have the checkpoint of size %i', (size) => {
    const note = vector(`checkpoint-${size}`)
    expect(signCheckpoint({ origin, size, root: roots[size]! }, signer)).toBe(note)
    const { text } = verifyNote(Buffer.from(note), [signer.verifierKey])
    expect(parseCheckpoint(text)).toEqual({ origin, size, root: roots[size], extensions: [] })
  })

  it('have the proof of record 1', async () => {
    const tile = tree.partialTiles()[0]!.hashes
    const path = await inclusionPath(1, 3, async (_, index) => tile.subarray(index * 32, index * 32 + 32))
    const checkpoint = vector('checkpoint-3')
    expect(formatTlogProof({ extra: lines[1]!, index: 1, path, checkpoint })).toBe(vector('proof-1'))
  })
})
