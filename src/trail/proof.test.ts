import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashLeaf, partialWidth, Tree } from './merkle.ts'
import { consistencyPath, formatTlogProof, type HashAt, hashesFromTiles, inclusionPath } from './proof.ts'
import { tilePath } from './tile-path.ts'

function node(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(Uint8Array.of(1)).update(left).update(right).digest()
}

/** The root that a leaf and its path lead to, by RFC 9162, 2.1.3.2, which goes up from the leaf by the bits of its index. */
function rootByInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): Buffer | undefined {
  let [at, last] = [index, size - 1]
  let root: Buffer = Buffer.from(leaf)
  for (const hash of path) {
    if (last === 0) return undefined
    if (at % 2 === 1 || at === last) {
      root = node(hash, root)
      while (at % 2 === 0 && at !== 0) [at, last] = [at >> 1, last >> 1]
    } else root = node(root, hash)
    ;[at, last] = [at >> 1, last >> 1]
  }
  return last === 0 ? root : undefined
}

/** The old and the new root that a path leads to, by RFC 9162, 2.1.4.2. */
function rootsByConsistency(
  old: number,
  size: number,
  oldRoot: Uint8Array,
  path: readonly Uint8Array[],
): { old: Buffer; size: Buffer } | undefined {
  const hashes = Number.isInteger(Math.log2(old)) ? [oldRoot, ...path] : [...path]
  let [at, last] = [old - 1, size - 1]
  while (at % 2 === 1) [at, last] = [at >> 1, last >> 1]
  const first: Buffer = Buffer.from(hashes.shift() ?? [])
  let roots = { old: first, size: first }
  for (const hash of hashes) {
    if (last === 0) return undefined
    if (at % 2 === 1 || at === last) {
      roots = { old: node(hash, roots.old), size: node(hash, roots.size) }
      while (at % 2 === 0 && at !== 0) [at, last] = [at >> 1, last >> 1]
    } else roots = { ...roots, size: node(roots.size, hash) }
    ;[at, last] = [at >> 1, last >> 1]
  }
  return last === 0 ? roots : undefined
}

const leaves = Array.from({ length: 66_200 }, (_, index) => hashLeaf(Buffer.from(`leaf ${index}`)))

/** Roots and tiles at a size; what the tree has gone past is kept, as on disk. */
const tree = new Tree()
const tiles = new Map<string, Uint8Array>()
const roots = [tree.root()]
for (const leaf of leaves) {
  tree.append(leaf)
  roots.push(tree.root())
  for (const { level, index, hashes } of tree.takeFullTiles()) tiles.set(tilePath(level, index), hashes)
  if (tree.size > 700 && tree.size < 65_500) continue
  for (const { level, index, width, hashes } of tree.partialTiles()) tiles.set(tilePath(level, index, width), hashes)
}

function hashesAt(size: number): HashAt {
  return hashesFromTiles(async (level, index) => {
    const width = index < Math.floor(size / 256 ** (level + 1)) ? 256 : partialWidth(size, level)
    const tile = tiles.get(tilePath(level, index, width))
    if (tile === undefined) throw new Error(`${tilePath(level, index, width)} is no tile of this size`)
    return tile
  })
}

const sizes = fc.oneof(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 65_500, max: leaves.length }))

describe('the path from a leaf to the root', () => {
  async function expectSound(index: number, size: number): Promise<void> {
    const path = await inclusionPath(index, size, hashesAt(size))
    expect(rootByInclusion(leaves[index] as Buffer, index, size, path)).toEqual(roots[size])
  }

  it('leads there from each leaf at every size up to 40', async () => {
    for (let size = 1; size <= 40; size++) {
      for (let index = 0; index < size; index++) await expectSound(index, size)
    }
  })

  it('leads there from any leaf at any size', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), (size, number) => expectSound(number % size, size)),
      { numRuns: 500 },
    )
  })

  it.each([255, 256, 257, 512, 65_535, 65_536, 65_537])(
    'leads there at size %i from the first and last leaf',
    async (size) => {
      await expectSound(0, size)
      await expectSound(size - 1, size)
    },
  )

  it('leads elsewhere from another leaf, and with a hash changed, missing or too many', async () => {
    const path = await inclusionPath(100, 300, hashesAt(300))
    const changed = [Buffer.from(path[0] as Uint8Array), ...path.slice(1)]
    changed[0]?.fill(1, 31)
    for (const [leaf, index, hashes] of [
      [101, 100, path],
      [100, 101, path],
      [100, 100, changed],
      [100, 100, path.slice(1)],
      [100, 100, path.slice(0, -1)],
      [100, 100, [...path, path[0] as Uint8Array]],
    ] as const) {
      expect(rootByInclusion(leaves[leaf] as Buffer, index, 300, hashes)).not.toEqual(roots[300])
    }
  })

  it('is empty in a tree of one leaf', async () => {
    expect(await inclusionPath(0, 1, hashesAt(1))).toEqual([])
  })

  it.each([
    [0, 0],
    [1, 1],
    [-1, 1],
    [Number.NaN, 1],
  ])('is none for leaf %d of %d', async (leaf, size) => {
    await expect(inclusionPath(leaf, size, hashesAt(size))).rejects.toThrow(RangeError)
  })

  it('is found in trees up to the largest', async () => {
    const asked: string[] = []
    const path = await inclusionPath(2 ** 53 - 2, 2 ** 53 - 1, async (height, index) => {
      asked.push(`${height}/${index}`)
      return Buffer.alloc(32)
    })
    expect(path).toHaveLength(52)
    expect(asked).toEqual(Array.from({ length: 52 }, (_, step) => `${52 - step}/${2 ** (step + 1) - 2}`))
  })

  it('tells when a tile cannot be read', async () => {
    const gone: HashAt = async () => Promise.reject(new Error('gone'))
    await expect(inclusionPath(0, 300, gone)).rejects.toThrow('gone')
  })
})

describe('the path from an old root to a new one', () => {
  async function expectSound(old: number, size: number): Promise<void> {
    const path = await consistencyPath(old, size, hashesAt(size))
    expect(rootsByConsistency(old, size, roots[old] as Buffer, path)).toEqual({ old: roots[old], size: roots[size] })
  }

  it('leads to both for each two sizes up to 40', async () => {
    for (let size = 2; size <= 40; size++) {
      for (let old = 1; old < size; old++) await expectSound(old, size)
    }
  })

  it('leads to both for any two sizes', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), async (size, number) => {
        if (size > 1) await expectSound((number % (size - 1)) + 1, size)
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    [255, 256],
    [256, 257],
    [256, 512],
    [1, 65_536],
    [65_535, 65_536],
    [65_536, 65_537],
    [256, 66_000],
  ])('leads from %i to %i', expectSound)

  it('leads elsewhere for a tree with another beginning', async () => {
    const path = await consistencyPath(100, 300, hashesAt(300))
    expect(rootsByConsistency(101, 300, roots[101] as Buffer, path)).not.toEqual({ old: roots[101], size: roots[300] })
  })

  it.each([
    [0, 0],
    [0, 7],
    [7, 7],
  ])('is empty from %i to %i', async (old, size) => {
    expect(await consistencyPath(old, size, hashesAt(size))).toEqual([])
  })

  it.each([
    [2, 1],
    [-1, 1],
    [Number.NaN, 1],
  ])('is none from %d to %d', async (old, size) => {
    await expect(consistencyPath(old, size, hashesAt(size))).rejects.toThrow(RangeError)
  })
})

describe('tiles', () => {
  it('that are wider than asked for will do', async () => {
    const path = await inclusionPath(
      269,
      270,
      hashesFromTiles(async (level, index) => tiles.get(tilePath(level, index)) ?? Buffer.alloc(0)),
    )
    expect(path).toEqual(await inclusionPath(269, 270, hashesAt(270)))
  })
})

describe('a proof that stands alone', () => {
  it('is the published vector, byte for byte', async () => {
    const first = Buffer.from('b4f94016e7bd3d16a0ea3cd23ff8880a078936a2a6f77eef7c1935b7dcb554fa', 'hex')
    const line = Buffer.from('{}')
    const path = await inclusionPath(1, 2, async (_, index) => [first, hashLeaf(line)][index] as Buffer)
    const checkpoint = `example.org/fietsen-api/audit
2
wdUDBspjVheWQZrM4yni29KL5fD9unBJ7wiiStnu3Q0=

— example.org/fietsen-api/audit /dthCn50Rc5ccEPkSICkBUk0K6aYCS02Uhkv1FgMp5P9cBxTZWCKr7BjU2T5TO9fTOwyAWIbalUBFWFQJMUVLpglDQ4=
`
    const rest = `index 1
tPlAFue9PRag6jzSP/iICgeJNqKm937vfBk1t9y1VPo=

${checkpoint}`
    expect(formatTlogProof({ extra: line, index: 1, path, checkpoint })).toBe(
      `c2sp.org/tlog-proof@v1\nextra e30=\n${rest}`,
    )
    expect(formatTlogProof({ index: 1, path, checkpoint })).toBe(`c2sp.org/tlog-proof@v1\n${rest}`)
  })
})
