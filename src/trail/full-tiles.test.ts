import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Around, operated, systemError } from '../../test/support/disk-operations.ts'
import { temporaryDirectory } from '../../test/support/temporary.ts'
import { recordLines, tilesOfLeaves, withNonce } from '../../test/support/trail-builder.ts'
import { disk } from './disk.ts'
import { FullTiles } from './full-tiles.ts'
import { layoutOf, segmentPath } from './layout.ts'
import { hashLeaf, Tree } from './merkle.ts'
import { TileWriter } from './tile-writer.ts'

const most = 4

/** The lines of two segments on a disk that can be broken, and the full tiles of some of them on their way. */
function underWay(count: number): {
  readonly directory: string
  readonly lines: readonly string[]
  /** The operations so far. */
  readonly names: string[]
  around: Around
  grow(by: number): void
  write(): Promise<void>
} {
  const directory = temporaryDirectory()
  const lines = recordLines(count).map(withNonce)
  for (const name of ['segments', 'tile', 'control']) mkdirSync(join(directory, name))
  for (const [first, end] of [[0, 300], [300]] as const) {
    writeFileSync(
      join(directory, segmentPath(first)),
      lines
        .slice(first, end)
        .map((line) => `${line}\n`)
        .join(''),
    )
  }
  const names: string[] = []
  const run = { around: ((_, run) => run()) as Around }
  const watched = operated(disk, directory, (operation, go) => {
    names.push(operation.name)
    return run.around(operation, go)
  })
  const layout = layoutOf(directory)
  const tree = new Tree()
  const tiles = new FullTiles(watched, layout, new TileWriter(watched, layout), tree, most)
  return Object.assign(run, {
    directory,
    lines,
    names,
    grow(by: number) {
      for (const line of lines.slice(tree.size, tree.size + by)) tree.append(hashLeaf(Buffer.from(line)))
      tiles.take(tree.takeFullTiles())
    },
    write: () => tiles.write({ size: tree.size, root: tree.root(), partial: tree.partialTiles() }),
  })
}

function expectTiles(directory: string, lines: readonly string[]): void {
  for (const [path, hashes] of tilesOfLeaves(lines.map((line) => hashLeaf(Buffer.from(line))))) {
    if (!path.includes('.p/')) expect(readFileSync(join(directory, 'tile', path)), path).toEqual(hashes)
  }
}

const takesNoTiles: Around = ({ name }, run) => {
  if (name === 'tile.rename') throw systemError('EIO', 'rename')
  return run()
}

test('tiles that the disk does not take are written later', async () => {
  const tried = underWay(1_024)
  tried.around = takesNoTiles
  tried.grow(1_024)
  await expect(tried.write()).rejects.toThrow('EIO')
  tried.around = (_, run) => run()
  await tried.write()
  expectTiles(tried.directory, tried.lines)
  expect(tried.names).not.toContain('segments.openToRead')
})

test('where too many wait, they are dropped, and made again from the lines', async () => {
  const tried = underWay(70_000)
  tried.grow(600)
  await tried.write()
  tried.around = takesNoTiles
  for (let more = 0; more < 3; more++) {
    tried.grow(1_024)
    await expect(tried.write()).rejects.toThrow('EIO')
  }
  expect(tried.names).not.toContain('segments.openToRead')
  tried.grow(69_000)
  tried.around = (_, run) => run()
  await tried.write()
  expect(tried.names).toContain('segments.openToRead')
  expectTiles(tried.directory, tried.lines)
})

test('what comes while they are made again is not forgotten', async () => {
  const tried = underWay(5_000)
  tried.grow(2_000)
  const isGrown = { done: false }
  tried.around = (operation, run) => {
    if (operation.name === 'segments.openToRead' && !isGrown.done) {
      isGrown.done = true
      tried.grow(3_000)
    }
    return run()
  }
  await tried.write()
  await tried.write()
  expectTiles(tried.directory, tried.lines)
})

test('nothing is proven of lines that are not those that were written', async () => {
  const tried = underWay(2_000)
  tried.grow(2_000)
  const path = join(tried.directory, segmentPath(300))
  const changed = readFileSync(path, 'utf8').replace('List', 'list')
  rmSync(path)
  writeFileSync(path, changed)
  await expect(tried.write()).rejects.toThrow('not those that were written')
})
