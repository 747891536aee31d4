import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temporary.ts'
import { griffier } from './command.ts'
import { exchange, GrowingTrail } from './growing-trail.ts'
import { vector, vectorTrail } from './vectors.ts'

/** The files of a directory, by their paths. */
function filesIn(directory: string): ReadonlyMap<string, Buffer> {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()
  const files = names.filter((name) => statSync(join(directory, name)).isFile())
  return new Map(files.map((name) => [name, readFileSync(join(directory, name))]))
}

/** The entries of a bundle of C2SP tlog-tiles. */
function entriesOf(bundle: Buffer | undefined): readonly string[] {
  const entries: string[] = []
  for (let rest = bundle ?? Buffer.alloc(0); rest.length > 0; ) {
    const length = rest.readUInt16BE()
    entries.push(rest.toString('utf8', 2, 2 + length))
    rest = rest.subarray(2 + length)
  }
  return entries
}

describe('the exported log', () => {
  it('has the checkpoint, the tile and the entries of a small trail', async () => {
    const target = join(temporaryDirectory(), 'log')
    expect(await griffier('export', vectorTrail(), '--tlog', target)).toEqual({
      status: 0,
      stdout: '',
      stderr: `3 records of example.org/bicycles/audit exported to ${target}.\n`,
    })
    const files = filesIn(target)
    expect([...files.keys()]).toEqual(['checkpoint', 'tile/0/000.p/3', 'tile/entries/000.p/3'])
    expect(files.get('checkpoint')?.toString()).toBe(vector('checkpoint-3'))
    expect(files.get('tile/0/000.p/3')?.toString('hex')).toBe(vector('leaves').replaceAll('\n', ''))
    expect(entriesOf(files.get('tile/entries/000.p/3'))).toEqual(vector('segment').trimEnd().split('\n'))
  })

  it('has full and partial bundles and tiles, across segments, up to the checkpoint', async () => {
    const trail = new GrowingTrail()
    trail.exchanges(299)
    trail.rotate()
    trail.exchanges(300)
    trail.checkpoint()
    trail.exchanges(7)
    const target = temporaryDirectory()
    expect(await griffier('export', trail.directory, '--tlog', target, '--json')).toEqual({
      status: 0,
      stdout: `{"origin":"example.org/bicycles/audit","size":600,"target":${JSON.stringify(target)}}\n`,
      stderr: '',
    })
    const files = filesIn(target)
    expect([...files.keys()]).toEqual([
      'checkpoint',
      'tile/0/000',
      'tile/0/001',
      'tile/0/002.p/88',
      'tile/1/000.p/2',
      'tile/entries/000',
      'tile/entries/001',
      'tile/entries/002.p/88',
    ])
    for (const [path, bytes] of files) {
      if (!path.includes('entries')) expect(bytes, path).toEqual(readFileSync(join(trail.directory, path)))
    }
    expect(entriesOf(files.get('tile/entries/001'))[0]).toBe(exchange(256).line)
    expect(entriesOf(files.get('tile/entries/002.p/88'))).toHaveLength(88)
  })

  it('is for its owner alone', async () => {
    if (process.platform === 'win32') return
    const target = join(temporaryDirectory(), 'log')
    await griffier('export', vectorTrail(), '--tlog', target)
    expect(statSync(target).mode & 0o777).toBe(0o700)
    expect(statSync(join(target, 'tile/entries/000.p/3')).mode & 0o777).toBe(0o600)
  })

  it('gets no checkpoint where the records do not lead to it', async () => {
    const changed = vector('segment').replace('List Bicycle', 'List bicycle')
    const target = join(temporaryDirectory(), 'log')
    const directory = vectorTrail({ 'segments/000000000000.ndjson': changed })
    expect(await griffier('export', directory, '--tlog', target)).toMatchObject({ status: 1, stdout: '' })
    expect(readdirSync(target)).not.toContain('checkpoint')
  })
})

describe('a target is refused', () => {
  it('that is not empty', async () => {
    const target = temporaryDirectory()
    writeFileSync(join(target, 'mine'), 'mine')
    expect(await griffier('export', vectorTrail(), '--tlog', target)).toMatchObject({
      status: 2,
      stderr: `griffier export: ${target} is not empty. Give a new directory.\n`,
    })
    expect(readdirSync(target)).toEqual(['mine'])
  })

  it('that is within the trail, also by another name', async () => {
    const directory = vectorTrail()
    const before = readdirSync(directory)
    const alias = join(temporaryDirectory(), 'alias')
    symlinkSync(directory, alias)
    mkdirSync(join(directory, 'damage/kept'))
    for (const target of [directory, join(directory, 'log'), join(alias, 'log'), join(directory, 'damage/kept')]) {
      const { status, stderr } = await griffier('export', directory, '--tlog', target)
      expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('is within the trail') })
    }
    expect(readdirSync(directory)).toEqual(before)
  })
})
