import { describe, expect, it } from 'vitest'
import { verifyProof } from '../../src/verify/verify-proof.ts'
import { key } from './scratch.ts'
import { type Contents, checkpointOf, contentsOf, keyOf, leafHash, origin, rootOf, vkeyOf } from './trail-builder.ts'

/** RFC 6962 section 2.1.1, word for word. */
function pathOf(leaf: number, leaves: readonly Buffer[]): readonly Buffer[] {
  if (leaves.length < 2) return []
  let left = 1
  while (left * 2 < leaves.length) left *= 2
  return leaf < left
    ? [...pathOf(leaf, leaves.slice(0, left)), rootOf(leaves.slice(left))]
    : [...pathOf(leaf - left, leaves.slice(left)), rootOf(leaves.slice(0, left))]
}

function proofOf(contents: Contents, leaf: number, size: number): string {
  const path = pathOf(leaf, contents.lines.slice(0, size).map(leafHash))
  const extra = Buffer.from(contents.lines[leaf] ?? '').toString('base64')
  const hashes = path.map((hash) => `${hash.toString('base64')}\n`).join('')
  return `c2sp.org/tlog-proof@v1\nextra ${extra}\nindex ${leaf}\n${hashes}\n${checkpointOf(contents, size)}`
}

const contents = contentsOf(40)
const verify = (proof: string, keys: readonly string[] = [key]) => verifyProof(Buffer.from(proof), keys)

describe('a proof', () => {
  it('passes for each record of each size', () => {
    for (let size = 1; size <= 40; size += 1) {
      for (let leaf = 0; leaf < size; leaf += 1) {
        const line = contents.lines[leaf]
        expect(verify(proofOf(contents, leaf, size))).toEqual({
          verdict: 'passed',
          origin,
          leaf,
          size,
          line,
          text: null,
        })
      }
    }
  })

  it('is only consistent without a key', () => {
    expect(verify(proofOf(contents, 3, 7), [])).toMatchObject({ verdict: 'consistent', leaf: 3 })
  })

  it('fails where a bit is flipped', () => {
    const proof = Buffer.from(proofOf(contents, 1, 3))
    for (let bit = 0; bit < proof.length * 8; bit += 1) {
      const flipped = Buffer.from(proof)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const { verdict, line } = verifyProof(flipped, [key])
      expect([bit, verdict, line]).toEqual([bit, 'failed', null])
    }
  })

  const good = proofOf(contents, 5, 11)
  const hash = `${Buffer.alloc(32).toString('base64')}\n`
  it.each([
    ['nothing', ''],
    ['one hash more', good.replace('index 5\n', `index 5\n${hash}`)],
    ['a hundred hashes more', good.replace('index 5\n', `index 5\n${hash.repeat(100)}`)],
    ['one hash less', good.replace(/index 5\n.*\n/, 'index 5\n')],
    ['another index', good.replace('index 5', 'index 4')],
    ['an index behind the tree', good.replace('index 5', 'index 11')],
    ['an index with a zero in front', good.replace('index 5', 'index 05')],
    ['no record', good.replace(/extra .*\n/, '')],
    [
      'another record',
      good.replace(/extra .*\n/, `extra ${Buffer.from(contents.lines[6] ?? '').toString('base64')}\n`),
    ],
    ['stripped base64', good.replace(/=+\n/, '\n')],
    ['carriage returns', good.replaceAll('\n', '\r\n')],
    ['a space more', good.replace('extra ', 'extra  ')],
    ['something behind it', `${good}x`],
    ['a newline behind it', `${good}\n`],
    ['another version', good.replace('@v1', '@v2')],
    ['a megabyte', good + 'x'.repeat(2 ** 20)],
    ["another trail's checkpoint", good.replace(/\n\n.*/s, `\n\n${checkpointOf(contentsOf(11, [0], 9), 11)}`)],
  ])('fails with %s', (_name, proof) => {
    expect(verify(proof)).toMatchObject({ verdict: 'failed', line: null, text: expect.stringMatching(/\.$/) })
  })

  it('fails with another key, and is no use with none that is one', () => {
    expect(verify(good, [vkeyOf(origin, keyOf(8))])).toMatchObject({ verdict: 'failed', origin, leaf: 5, size: 11 })
    expect(() => verify(good, ['x'])).toThrow(expect.objectContaining({ code: 'WRONG_USE' }))
  })
})
