import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EMPTY_ROOT, hashChildren, hashLeaf, type Tile, Tree, writeLeafHash } from './merkle.ts'

function sha256(...parts: Uint8Array[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest()
}

/** The tree hash of RFC 6962, 2.1, as it is written there. */
function plainRoot(leaves: readonly Uint8Array[]): Buffer {
  if (leaves.length === 0) return sha256()
  if (leaves.length === 1) return Buffer.from(leaves[0] as Uint8Array)
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return sha256(Uint8Array.of(1), plainRoot(leaves.slice(0, split)), plainRoot(leaves.slice(split)))
}

/** All tiles of a tree, full and partial, by `level/index/width`, as c2sp.org/tlog-tiles defines them. */
function plainTiles(leaves: readonly Uint8Array[]): Map<string, string> {
  const tiles = new Map<string, string>()
  let hashes = leaves
  for (let level = 0; hashes.length > 0; level++) {
    const above: Uint8Array[] = []
    for (let start = 0; start < hashes.length; start += 256) {
      const tile = hashes.slice(start, start + 256)
      tiles.set(`${level}/${start / 256}/${tile.length}`, sha256(...tile).toString('hex'))
      if (tile.length === 256) above.push(plainRoot(tile))
    }
    hashes = above
  }
  return tiles
}

function named(tiles: readonly Tile[]): Map<string, string> {
  return new Map(
    tiles.map((tile) => {
      expect(tile.hashes).toHaveLength(tile.width * 32)
      return [`${tile.level}/${tile.index}/${tile.width}`, sha256(tile.hashes).toString('hex')]
    }),
  )
}

function leavesOf(count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) => hashLeaf(Buffer.from(`leaf ${index}`)))
}

function treeOf(leaves: readonly Uint8Array[]): Tree {
  const tree = new Tree()
  for (const leaf of leaves) tree.append(leaf)
  return tree
}

describe('the hash of a leaf', () => {
  it.each([0, 1, 536, 65_535, 65_536, 200_000])('of %i bytes is that of a zero byte and the line', (length) => {
    const line = Buffer.alloc(length, 'griffier')
    const hash = sha256(Uint8Array.of(0), line)
    expect(hashLeaf(line)).toEqual(hash)
    const hashes = Buffer.alloc(96)
    writeLeafHash(Buffer.concat([Buffer.from('before'), line, Buffer.from('behind')]), 6, 6 + length, hashes, 32)
    expect(hashes).toEqual(Buffer.concat([Buffer.alloc(32), hash, Buffer.alloc(32)]))
  })

  it('stays what it was when more leaves are hashed', () => {
    const first = hashLeaf(Buffer.from('first'))
    const kept = first.toString('hex')
    hashLeaf(Buffer.from('second'))
    hashChildren(first, first)
    expect(first.toString('hex')).toBe(kept)
  })
})

describe('the root of a tree', () => {
  it('without leaves is the hash of nothing', () => {
    expect(new Tree().root()).toEqual(EMPTY_ROOT)
    expect(EMPTY_ROOT.toString('base64')).toBe('47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=')
  })

  // The example that implementations of RFC 6962 share, Certificate Transparency's own among them.
  it.each([
    ['', '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
    ['00', 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
    ['10', 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
    ['2021', 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7'],
    ['3031', '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4'],
    ['40414243', '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef'],
    ['5051525354555657', 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
    ['606162636465666768696a6b6c6d6e6f', '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'],
  ])('of the shared example, up to leaf "%s"', (last, root) => {
    const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
    const upTo = inputs.slice(0, inputs.indexOf(last) + 1)
    const tree = treeOf(upTo.map((input) => hashLeaf(Buffer.from(input, 'hex'))))
    expect(tree.root().toString('hex')).toBe(root)
    expect(tree.size).toBe(upTo.length)
  })

  it('is the one of the definition, at every size up to 600', () => {
    const leaves = leavesOf(600)
    const tree = new Tree()
    for (const [index, leaf] of leaves.entries()) {
      tree.append(leaf)
      expect(tree.root()).toEqual(plainRoot(leaves.slice(0, index + 1)))
    }
  })

  it('is the one of the definition for any leaves', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 70 }), (leaves) => {
        expect(treeOf(leaves).root()).toEqual(plainRoot(leaves))
      }),
    )
  })

  it('does not follow memory that the caller uses again', () => {
    const leaf = Buffer.alloc(32, 1)
    const tree = new Tree()
    tree.append(leaf)
    leaf.fill(2)
    tree.root().fill(3)
    expect(tree.root()).toEqual(Buffer.alloc(32, 1))
    expect(tree.partialTiles()[0]?.hashes).toEqual(Buffer.alloc(32, 1))
  })
})

describe('the tiles of a tree', () => {
  const leaves = leavesOf(65_536 + 600)
  const sizes = [
    0, 1, 2, 255, 256, 257, 511, 512, 700, 65_279, 65_280, 65_535, 65_536, 65_537, 65_791, 65_792, 65_793, 66_136,
  ]

  it('are the ones of the definition at sizes across 256 and 65,536, each full one told once', () => {
    const tree = new Tree()
    const full = new Map<string, string>()
    for (const size of sizes) {
      while (tree.size < size) tree.append(leaves[tree.size] as Buffer)
      for (const [name, hash] of named(tree.takeFullTiles())) {
        expect(full.has(name)).toBe(false)
        full.set(name, hash)
      }
      expect(new Map([...full, ...named(tree.partialTiles())])).toEqual(plainTiles(leaves.slice(0, size)))
    }
    expect(tree.takeFullTiles()).toEqual([])
  })

  it('stay as they were taken when the tree grows', () => {
    const tree = treeOf(leaves.slice(0, 300))
    const taken = [...tree.takeFullTiles(), ...tree.partialTiles()]
    const before = named(taken)
    for (const leaf of leaves.slice(300, 1000)) tree.append(leaf)
    expect(named(taken)).toEqual(before)
  })

  it.each(sizes)('are enough to go on at size %i', (size) => {
    const before = treeOf(leaves.slice(0, size))
    const partial: Uint8Array[] = []
    for (const { level, hashes } of before.partialTiles()) partial[level] = hashes
    const tree = Tree.resume(size, partial)
    expect(tree.size).toBe(size)
    expect(tree.root()).toEqual(before.root())
    expect(tree.partialTiles()).toEqual(before.partialTiles())
    before.takeFullTiles()
    for (const leaf of leaves.slice(0, 600)) {
      tree.append(leaf)
      before.append(leaf)
    }
    expect(tree.root()).toEqual(before.root())
    expect(tree.takeFullTiles()).toEqual(before.takeFullTiles())
    expect(tree.partialTiles()).toEqual(before.partialTiles())
  })

  it('of another size are refused when a tree shall go on', () => {
    const tiles = treeOf(leaves.slice(0, 300)).partialTiles()
    expect(() =>
      Tree.resume(
        301,
        tiles.map(({ hashes }) => hashes),
      ),
    ).toThrow(RangeError)
    expect(() => Tree.resume(300, [])).toThrow(RangeError)
  })
})
