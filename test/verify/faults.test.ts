import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { verifyTrail } from '../../src/verify/verify-trail.ts'
import { directoryOf, key, verify } from './scratch.ts'
import {
  type Contents,
  checkpointOf,
  contentsOf,
  filesOf,
  lineOf,
  recordLine,
  segmentFiles,
  segmentPath,
  signedNote,
  tileFiles,
} from './trail-builder.ts'

const contents = contentsOf(600, [0, 256, 500])
const files = filesOf(contents)
const relined = (lines: readonly string[]): Contents => ({ ...contents, lines })
const offsetOf = (leaf: number, from: number): number =>
  Buffer.byteLength(
    contents.lines
      .slice(from, leaf)
      .map((line) => `${line}\n`)
      .join(''),
  )

describe('a fault says where', () => {
  it('which line differs, where the tiles are right', async () => {
    const lines = contents.lines
      .with(300, recordLine(300, 'x'))
      .with(301, recordLine(301, 'y'))
      .with(590, recordLine(590, 'z'))
    const verdict = await verify(new Map([...files, ...segmentFiles(relined(lines))]))
    expect(verdict.faults.map(({ text: _text, ...place }) => place)).toEqual([
      { code: 'LINE_DIFFERS', file: segmentPath(256), offset: offsetOf(300, 256), leaf: 300, leaves: 2 },
      { code: 'LINE_DIFFERS', file: segmentPath(500), offset: expect.any(Number), leaf: 590, leaves: 1 },
    ])
    expect(verdict).toMatchObject({ verdict: 'failed', size: 0, root: null })
  })

  it('from where on lines differ, where one is missing', async () => {
    const verdict = await verify(new Map([...files, ...segmentFiles(relined(contents.lines.toSpliced(550, 1)))]))
    expect(verdict.faults).toMatchObject([
      { code: 'LINES_MISSING', leaf: 599, leaves: 1 },
      { code: 'LINE_DIFFERS', file: segmentPath(500), leaf: 550, leaves: 49 },
    ])
  })

  it('which tile is wrong, where the lines are right', async () => {
    const verdict = await verify(
      new Map([...files, ['tile/0/001', Buffer.alloc(8192)], ['tile/0/002.p/88', Buffer.alloc(5)]]),
    )
    expect(verdict.faults).toMatchObject([
      { code: 'TILE_WRONG', file: 'tile/0/001' },
      { code: 'TILE_WRONG', file: 'tile/0/002.p/88' },
    ])
    expect(verdict.size).toBe(600)
  })

  it('that it cannot be told, where neither fits', async () => {
    const lines = contents.lines.with(300, recordLine(300, 'x'))
    const tiles = tileFiles(relined(lines.with(301, recordLine(301, 'y'))), 600)
    const verdict = await verify(new Map([...files, ...segmentFiles(relined(lines)), ...tiles]))
    expect(verdict.faults).toMatchObject([{ code: 'ROOT_DIFFERS' }, { code: 'TILE_DIFFERS', file: 'tile/0/001' }])
  })

  it('up to where an older checkpoint proves it', async () => {
    const lines = contents.lines.with(500, recordLine(500, 'x'))
    const checkpoints = [{ name: 'older', bytes: checkpointOf(contents, 400) }]
    const verdict = await verify(new Map([...files, ...segmentFiles(relined(lines))]), { checkpoints })
    expect(verdict).toMatchObject({ verdict: 'failed', size: 400, time: '2026-11-25T09:06:39.000Z' })
  })

  it('at most a hundred times, and how many more there are', async () => {
    const unknown = Array.from({ length: 250 }, (_, index) => [`segments/${index}.txt`, Buffer.of()] as const)
    const verdict = await verify(new Map([...files, ...unknown]))
    expect([verdict.faults.length, verdict.moreFaults]).toEqual([100, 150])
  })
})

describe('behind the checkpoint', () => {
  const good = recordLine(600)
  it.each([
    ['nothing', ''],
    ['no JSON', good.replace('"outcome":', '"outcome"')],
    ['no object', '["id"]'],
    ['no id at its head', good.replace('{"id"', '{"di"')],
    ['no nonce', good.replace(/,"nonce":"[^"]*"/, '')],
    ['a short nonce', good.replace(/..."}$/, '"}')],
    ['a control character', good.replace('List', 'Li\tst')],
    [
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from(good.slice(0, 60)), Buffer.of(0xff), Buffer.from(good.slice(60))]),
    ],
    ['65,536 bytes', good.replace('List', 'x'.repeat(65_540 - good.length))],
  ])('a line with %s is a fault, and the last that is read', async (_name, line) => {
    const last = files.get(segmentPath(500)) ?? Buffer.alloc(0)
    const bytes = Buffer.concat([last, Buffer.from(`${good}\n`), Buffer.from(line), Buffer.from(`\n${good}\n`)])
    const verdict = await verify(new Map([...files, [segmentPath(500), bytes]]))
    expect(verdict).toMatchObject({
      verdict: 'failed',
      size: 600,
      unproven: { records: 1, bytes: bytes.length - last.length },
    })
    expect(verdict.faults).toMatchObject([
      { code: 'LINE_FORM', leaf: 601, offset: last.length + Buffer.byteLength(good) + 1 },
    ])
  })
})

describe('a hostile directory does no harm', () => {
  const other = directoryOf(new Map([['secret', Buffer.from('x')]]))

  it.each([
    'trail.json',
    'checkpoint',
    segmentPath(256),
    'tile/0/001',
    'tile/0/002.p/88',
    'segments',
    'tile',
    'tile/0',
    'control',
  ])('%s is a link, a pipe or a socket', async (path) => {
    for (const make of [
      (at: string) => symlinkSync(join(other, 'secret'), at),
      (at: string) => symlinkSync(other, at),
      (at: string) => execFileSync('mkfifo', [at]),
    ]) {
      const directory = directoryOf(files)
      rmSync(join(directory, path), { recursive: true, force: true })
      make(join(directory, path))
      const verdict = await verifyTrail(directory, { keys: [key], looks: 1 })
      expect(verdict.faults).toContainEqual(expect.objectContaining({ code: 'KIND', file: path }))
    }
  })

  it('a socket, where none may be', async () => {
    const directory = directoryOf(files)
    const server = createServer().listen(join(directory, 's'))
    await new Promise((resolve) => server.once('listening', resolve))
    expect((await verifyTrail(directory, { keys: [key], looks: 1 })).faults).toMatchObject([
      { code: 'UNKNOWN', file: 's' },
    ])
    server.close()
  })

  it('a line of a gigabyte, and a file of nothing but zeros', async () => {
    for (const path of [segmentPath(500), segmentPath(0), 'trail.json', 'checkpoint', 'tile/0/001']) {
      const directory = directoryOf(files)
      truncateSync(join(directory, path), 2 ** 30)
      const before = process.memoryUsage().rss
      const verdict = await verifyTrail(directory, { keys: [key], looks: 1 })
      expect(verdict.verdict).toBe('failed')
      expect(process.memoryUsage().rss - before).toBeLessThan(100 * 2 ** 20)
    }
  })

  it('directories without end', async () => {
    const directory = directoryOf(files)
    mkdirSync(join(directory, `tile/0/${'x001/'.repeat(300)}`), { recursive: true })
    mkdirSync(join(directory, `segments/${'a/'.repeat(300)}`), { recursive: true })
    const { faults } = await verifyTrail(directory, { keys: [key], looks: 1 })
    expect(faults.map(({ code }) => code)).toEqual(['UNKNOWN', 'UNKNOWN'])
  })

  it.each([
    '999999999999.ndjson',
    '9007199254740993.ndjson',
    '0000000000001.ndjson',
    '00000000000x.ndjson',
    '-00000000001.ndjson',
  ])('a segment named %s', async (name) =>
    expect(await verify(new Map([...files, [`segments/${name}`, Buffer.of()]]))).toMatchObject({ verdict: 'failed' }),
  )

  it.each([
    '64/000',
    '00/000',
    '0/x000/001',
    '0/000.p/0',
    '0/000.p/256',
    '0/000.p/01',
    '0/1',
    '0/x001',
    '0/000.p/88.p/1',
  ])('a tile named %s', async (name) => {
    const { faults } = await verify(new Map([...files, [`tile/${name}`, Buffer.of()]]))
    expect(faults[0]?.code).toBe('UNKNOWN')
  })

  it.each(['9007199254740991', '9007199254740993', '99999999999999999999', '0600', '-1', '6e2', ' 600', ''])(
    'a checkpoint of size %j that is signed',
    async (size) => {
      const root = checkpointOf(contents, 600).toString().split('\n')[2]
      const note = signedNote(`${contents.origin}\n${size}\n${root}\n`, contents.key, contents.origin)
      expect(await verify(new Map([...files, ['checkpoint', note]]))).toMatchObject({ verdict: 'failed' })
    },
  )

  it('records that lie about their form', async () => {
    const bombs = ['['.repeat(30_000), '{"a":'.repeat(10_000), '"'.repeat(60_000)]
    for (const bomb of bombs) {
      const lines = contents.lines
        .with(5, `{"id":"1","kind":"start","start":${bomb}`)
        .with(6, lineOf(6, { kind: 'damage', damage: [1] }))
      expect(await verify(filesOf(relined(lines)))).toMatchObject({
        verdict: 'failed',
        faults: [{ code: 'LINE_FORM', leaf: 5 }],
      })
    }
  })

  it.each([
    ['two objects', '{"format":1}{"format":1}\n'],
    ['no newline', '{"format":1}'],
    ['a later version', '{"format":2}\n'],
    ['a list', '[]\n'],
    ['nothing', ''],
    ['a bomb', '['.repeat(65_000)],
  ])('trail.json of %s', async (_name, text) => {
    const { faults } = await verify(new Map([...files, ['trail.json', Buffer.from(text)]]))
    expect(faults[0]?.code).toMatch(/HEADER|VERSION/)
  })

  it('a file that may not be read', { skip: process.getuid?.() === 0 }, async () => {
    const directory = directoryOf(files)
    rmSync(join(directory, 'tile/0/000'))
    writeFileSync(join(directory, 'tile/0/000'), '', { mode: 0 })
    expect((await verifyTrail(directory, { keys: [key], looks: 1 })).faults).toContainEqual(
      expect.objectContaining({ code: 'UNREADABLE' }),
    )
  })
})
