import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { contentsOf, openAndLeave, openAt, trailPath } from '../../../test/support/opened.ts'
import { temporaryDirectory } from '../../../test/support/temporary.ts'
import {
  type BuiltTrail,
  buildTrail,
  builtOrigin,
  exchangeLine,
  idOf,
  keyOf,
  leafHash,
  ownLine,
  recordLines,
  rootOf,
  segmentPathOf,
  signedCheckpoint,
  type TrailPlan,
  tilesOfLeaves,
  timeOf,
  withNonce,
  writeKey,
} from '../../../test/support/trail-builder.ts'
import { type Disk, disk } from '../disk.ts'

const first = segmentPathOf(0)

/** A trail as it was left, with its key. */
function left(plan: TrailPlan = {}): BuiltTrail {
  const trail = buildTrail(trailPath(), plan)
  writeKey(trail)
  return trail
}

function read(directory: string, path: string): string {
  return readFileSync(join(directory, path), 'utf8')
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}

function rootHex(lines: readonly string[]): string {
  return rootOf(lines.map(leafHash)).toString('hex')
}

/** The directory is whole: no more and no less than the format says, for these lines and this checkpoint's size. */
function expectWhole(directory: string, lines: readonly string[], checkpointSize: number): void {
  const segments = readdirSync(join(directory, 'segments')).sort()
  expect(segments.map((name) => read(directory, `segments/${name}`)).join('')).toBe(textOf(lines))
  const tiles = tilesOfLeaves(lines.map(leafHash))
  const needed = tilesOfLeaves(lines.slice(0, checkpointSize).map(leafHash))
  const found = readdirSync(join(directory, 'tile'), { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(directory, 'tile', path)).isFile())
    .sort()
  const expected = new Map([...tiles].filter(([path]) => !path.includes('.p/')))
  for (const [path, hashes] of needed) if (!expected.has(path.replace(/\.p.*/, ''))) expected.set(path, hashes)
  expect(found).toEqual([...expected.keys()].sort())
  for (const path of found) expect(readFileSync(join(directory, 'tile', path))).toEqual(expected.get(path))
  expect(readdirSync(join(directory, 'control'))).toEqual([])
  const names = ['checkpoint', 'control', 'cursors', 'damage', 'dead-letter', 'lock', 'segments', 'tile', 'trail.json']
  expect(readdirSync(directory).sort()).toEqual(names)
}

describe('a trail that is new', () => {
  it('is made whole, for its user only', async () => {
    const directory = trailPath()
    const opened = await openAt(directory, { origin: 'example.org/new' })
    expect(opened).toMatchObject({
      directory,
      origin: 'example.org/new',
      follows: undefined,
      notContinued: [],
      checkpointSize: 0,
      segment: { first: 0, bytes: 0 },
      stopped: true,
      lastTime: undefined,
      mended: { tornBytes: 0, tiles: 0 },
      damages: [],
    })
    expect(opened.tree.size).toBe(0)
    expectWhole(directory, [], 0)
    for (const path of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
      const stats = statSync(join(directory, path))
      expect([path, stats.mode & 0o777]).toEqual([path, stats.isDirectory() ? 0o700 : 0o600])
    }
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    expect(statSync(`${directory}.key`).mode & 0o777).toBe(0o600)
  })

  it('says who signs it, and begins with a signed checkpoint of nothing', async () => {
    const directory = trailPath()
    const key = keyOf(Buffer.alloc(32, 7))
    const opened = await openAt(directory, { origin: builtOrigin, key })
    const same = buildTrail(trailPath(), { lines: [], seed: Buffer.alloc(32, 7) })
    expect(read(directory, 'trail.json')).toBe(read(same.directory, 'trail.json'))
    expect(read(directory, 'checkpoint')).toBe(read(same.directory, 'checkpoint'))
    expect(opened.trailHash).toBe(same.trailHash)
    expect(existsSync(`${directory}.key`)).toBe(false)
  })

  it('gets a name that no other has, and keeps it', async () => {
    const directory = trailPath()
    const { origin } = await openAndLeave(directory, { loggerName: 'my log +1' })
    expect(origin).toMatch(new RegExp(`^${hostname().replace(/[^\w.~-]+/g, '-')}/my-log-1/[0-9a-f]{8}$`))
    expect((await openAndLeave(directory)).origin).toBe(origin)
    expect((await openAndLeave(trailPath())).origin).not.toBe(origin)
  })

  it('is made in an empty directory that is there, or behind a link to one', async () => {
    const directory = trailPath()
    mkdirSync(directory)
    await openAndLeave(directory)
    const link = trailPath()
    const target = temporaryDirectory()
    symlinkSync(target, link)
    await openAndLeave(link)
    expectWhole(target, [], 0)
    await openAndLeave(link)
  })

  it('is not made where its parent is missing', async () => {
    const directory = join(trailPath(), 'below')
    await expect(openAt(directory)).rejects.toMatchObject({ code: 'TRAIL_OPEN_FAILED' })
    expect(existsSync(join(directory, '..'))).toBe(false)
  })

  it('is not made among files of others, which stay as they are', async () => {
    const directory = trailPath()
    mkdirSync(directory)
    writeFileSync(join(directory, 'app.log'), 'precious')
    await expect(openAt(directory)).rejects.toThrow(/holds other files/)
    expect(readdirSync(directory)).toEqual(['app.log'])
  })

  it('is not made where a file is', async () => {
    const directory = trailPath()
    writeFileSync(directory, 'precious')
    await expect(openAt(directory)).rejects.toMatchObject({
      code: 'TRAIL_OPEN_FAILED',
      message: expect.stringContaining('there is something else than a directory'),
    })
    expect(readFileSync(directory, 'utf8')).toBe('precious')
  })
})

describe('a trail that was stopped', () => {
  it('is gone on with behind its last line', async () => {
    const lines = [...recordLines(299), ownLine(299, 'stop', { stop: { recorded: 299, lost: 0, refused: 0 } })]
    const trail = left({ lines, segmentsAt: [0, 100, 250] })
    const before = contentsOf(trail.directory)
    const opened = await openAt(trail.directory)
    expect(opened).toMatchObject({
      origin: builtOrigin,
      trailHash: trail.trailHash,
      checkpointSize: 300,
      segment: { first: 250, bytes: textOf(trail.lines.slice(250)).length },
      stopped: true,
      lastTime: timeOf(299),
      mended: { tornBytes: 0, tiles: 0 },
      damages: [],
    })
    expect(opened.tree.size).toBe(300)
    expect(opened.tree.root().toString('hex')).toBe(rootHex(trail.lines))
    expect(contentsOf(trail.directory)).toEqual(before)
  })

  it('has one writer at a time', async () => {
    const { directory } = left()
    const opened = await openAt(directory)
    await expect(openAt(directory)).rejects.toMatchObject({ code: 'TRAIL_LOCKED' })
    await opened.lock.release()
    await openAt(directory)
  })

  it('is opened by the vectors of its format', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/format.md'), 'utf8')
    const block = (name: string): string => page.match(new RegExp(`\`\`\`\\w+ ${name}\\n(.*?)\`\`\``, 's'))?.[1] ?? ''
    const directory = trailPath()
    mkdirSync(join(directory, 'segments'), { recursive: true })
    writeFileSync(join(directory, 'trail.json'), block('trail.json'))
    writeFileSync(join(directory, first), block('segment'))
    writeFileSync(join(directory, 'checkpoint'), block('checkpoint-2'))
    const opened = await openAt(directory, { key: keyOf(Buffer.from(Array.from({ length: 32 }, (_, index) => index))) })
    expect(opened.origin).toBe(block('vkey').split('+')[0])
    expect(opened).toMatchObject({ checkpointSize: 2, stopped: true, lastTime: '2026-11-25T09:00:02.000Z' })
    expect(opened.tree.root().toString('hex')).toBe(block('roots').trim().split('\n')[3])
    expect(page).toContain(opened.trailHash)
  })
})

describe('after a crash', () => {
  it.each([
    ['nothing but the directory', []],
    ['the lock', ['lock']],
    ['some of the directories', ['lock', 'control/', 'damage/']],
    ['a trail.json that is being made', ['lock', 'control/', 'control/trail.json']],
  ])('while the directory was made, with %s in it, the trail is made', async (_, paths) => {
    const directory = trailPath()
    mkdirSync(directory)
    for (const path of paths) {
      if (path.endsWith('/')) mkdirSync(join(directory, path))
      else writeFileSync(join(directory, path), '')
    }
    await openAt(directory)
    expectWhole(directory, [], 0)
  })

  it('between trail.json and the checkpoint of size 0, the checkpoint is made', async () => {
    const trail = left({ lines: [] })
    const checkpoint = read(trail.directory, 'checkpoint')
    rmSync(join(trail.directory, 'checkpoint'))
    rmSync(join(trail.directory, 'segments'), { recursive: true })
    expect(await openAt(trail.directory)).toMatchObject({ trailHash: trail.trailHash, notContinued: [] })
    expect(read(trail.directory, 'checkpoint')).toBe(checkpoint)
    expectWhole(trail.directory, [], 0)
  })

  it.each(['no segment', 'an empty segment'])('before the first line, with %s, it goes on', async (what) => {
    const trail = left({ lines: [] })
    if (what === 'no segment') rmSync(join(trail.directory, first))
    expect(await openAt(trail.directory)).toMatchObject({ segment: { first: 0, bytes: 0 }, stopped: true })
    expectWhole(trail.directory, [], 0)
  })

  it.each([1, 10, 65_535])('while a line was written, the %i bytes of it are cut off', async (bytes) => {
    const trail = left({ lines: recordLines(5), checkpointAt: 3, tail: '{'.repeat(bytes) })
    expect(await openAt(trail.directory)).toMatchObject({
      segment: { first: 0, bytes: textOf(trail.lines).length },
      mended: { tornBytes: bytes, tiles: 0 },
      damages: [],
      stopped: false,
      lastTime: timeOf(4),
    })
    expectWhole(trail.directory, trail.lines, 3)
  })

  it('at a power cut, with a page of zeros among the lines, it goes on behind the last line before', async () => {
    const lines = recordLines(40).map(withNonce)
    const text = Buffer.from(textOf(lines))
    const before = textOf(lines.slice(0, 20)).length
    text.fill(0, before + 10, before + 1000)
    const trail = left({ lines: lines.slice(0, 10) })
    writeFileSync(join(trail.directory, first), text)
    const opened = await openAt(trail.directory)
    const damage = { file: first, offset: before, bytes: text.length - before }
    expect(opened).toMatchObject({ segment: { bytes: before }, mended: { tornBytes: 0 }, damages: [damage] })
    expect(readFileSync(join(trail.directory, 'damage', opened.damages[0]?.moved ?? ''))).toEqual(text.subarray(before))
    expectWhole(trail.directory, lines.slice(0, 20), 10)
  })

  it('between the sync and the checkpoint, the lines behind the checkpoint are kept', async () => {
    const trail = left({ lines: recordLines(700), checkpointAt: 300 })
    const opened = await openAt(trail.directory)
    expect(opened).toMatchObject({ checkpointSize: 300, mended: { tiles: 1 } })
    expect(opened.tree.root().toString('hex')).toBe(rootHex(trail.lines))
    expectWhole(trail.directory, trail.lines, 300)
  })

  it('while tiles and the checkpoint were made, what was half made is gone', async () => {
    const trail = left({ lines: recordLines(300), checkpointAt: 290 })
    writeFileSync(join(trail.directory, 'control/checkpoint'), 'half')
    mkdirSync(join(trail.directory, 'control/deep/er'), { recursive: true })
    writeFileSync(join(trail.directory, 'control/deep/er/tile'), 'half')
    writeFileSync(join(trail.directory, 'tile/0/001.p/44'), Buffer.alloc(44 * 32))
    expect(await openAt(trail.directory)).toMatchObject({ damages: [], notContinued: [] })
    expectWhole(trail.directory, trail.lines, 290)
  })

  it('between the new tiles and the removal of the old, the old are gone', async () => {
    const trail = left({ lines: recordLines(300) })
    const hashes = readFileSync(join(trail.directory, 'tile/0/001.p/44'))
    writeFileSync(join(trail.directory, 'tile/0/001.p/40'), hashes.subarray(0, 40 * 32))
    expect(await openAt(trail.directory)).toMatchObject({ mended: { tiles: 0 }, damages: [] })
    expectWhole(trail.directory, trail.lines, 300)
  })

  it('after a sync that failed, the lines that are in two segments are told of and count once', async () => {
    const trail = left({ lines: recordLines(10), segmentsAt: [0, 6], checkpointAt: 6 })
    const stray = textOf(trail.lines.slice(6, 9))
    appendFileSync(join(trail.directory, first), stray)
    const opened = await openAt(trail.directory)
    const offset = textOf(trail.lines.slice(0, 6)).length
    expect(opened.damages).toEqual([{ file: first, offset, bytes: stray.length, moved: expect.any(String) }])
    expect(read(trail.directory, `damage/${opened.damages[0]?.moved}`)).toBe(stray)
    expect(opened).toMatchObject({ segment: { first: 6 }, mended: { tornBytes: 0 } })
    expectWhole(trail.directory, trail.lines, 6)
  })

  it('bytes behind an earlier segment that a record names exactly are left', async () => {
    const offset = textOf(recordLines(6).map(withNonce)).length
    const damage = ownLine(6, 'damage', { damage: { file: first, offset, bytes: 5 } })
    const trail = left({ lines: [...recordLines(6), damage], segmentsAt: [0, 6] })
    appendFileSync(join(trail.directory, first), 'stray')
    expect((await openAndLeave(trail.directory)).damages).toEqual([])
    expect(read(trail.directory, first)).toBe(`${textOf(trail.lines.slice(0, 6))}stray`)
    appendFileSync(join(trail.directory, first), '!')
    expect((await openAndLeave(trail.directory)).damages).toMatchObject([{ file: first, offset, bytes: 6 }])
  })
})

describe('what is open', () => {
  const intent = (number: number, exchange: number): string =>
    ownLine(number, 'intent', {
      exchange: idOf(exchange),
      http_request: { method: 'GET', url: '/' },
      user: { ip: null },
    })

  it('is each intent whose exchange has neither a record nor an interrupted one', async () => {
    const lines = [
      ...[1, 2, 3, 4].map((number) => intent(number, 100 + number)),
      exchangeLine(102),
      ownLine(5, 'interrupted', { exchange: idOf(103), interrupted: { intent: idOf(3) } }),
      ownLine(6, 'amendment', { exchange: idOf(104) }),
      intent(1, 101),
    ]
    const trail = left({ lines, checkpointAt: 2 })
    const { intents } = await openAt(trail.directory)
    expect([...intents.keys()].sort()).toEqual([idOf(101), idOf(104)])
    expect(intents.get(idOf(101))?.toString()).toBe(trail.lines[0])
    expect(intents.get(idOf(104))?.toString()).toBe(trail.lines[3])
  })

  it('is found whatever the name of the logger and the order of members', async () => {
    const strange = JSON.stringify({ id: idOf(1), kind: 'intent', time: timeOf(1), exchange: idOf(7), logger: 'x' })
    const long = intent(2, 8).replace('audit_log', `","kind":"stop" ${'é'.repeat(1000)}`.replaceAll('"', '\\"'))
    const trail = left({ lines: [strange, long] })
    const opened = await openAt(trail.directory)
    expect([...opened.intents.keys()]).toEqual([idOf(7), idOf(8)])
    expect(opened).toMatchObject({ stopped: false, lastTime: timeOf(2) })
  })
})

describe('what does not belong there', () => {
  it('is moved to damage/, told of, and never followed', async () => {
    const trail = left({ lines: recordLines(300) })
    const outside = temporaryDirectory()
    writeFileSync(join(outside, 'kept'), 'kept')
    const at = (path: string): string => join(trail.directory, path)
    writeFileSync(at('note'), 'a note')
    mkdirSync(at('folder'))
    writeFileSync(at('folder/inside'), 'inside')
    symlinkSync(outside, at('link'))
    writeFileSync(at('segments/x.ndjson'), 'x')
    symlinkSync(join(outside, 'kept'), at('segments/000000000300.ndjson'))
    mkdirSync(at('segments/000000000400.ndjson'))
    writeFileSync(at('tile/0/002'), Buffer.alloc(8192))
    writeFileSync(at('tile/0/1'), '')
    mkdirSync(at('tile/new'))
    symlinkSync(outside, at('tile/2'))
    mkdirSync(at('reserve'))
    const opened = await openAt(trail.directory)
    expect(opened.damages.map(({ file, offset, bytes }) => [file, offset, bytes]).sort()).toEqual([
      ['folder', 0, 0],
      ['link', 0, 0],
      ['note', 0, 6],
      ['reserve', 0, 0],
      ['segments/000000000300.ndjson', 0, 0],
      ['segments/000000000400.ndjson', 0, 0],
      ['segments/x.ndjson', 0, 1],
      ['tile/0/002', 0, 8192],
      ['tile/0/1', 0, 0],
      ['tile/2', 0, 0],
      ['tile/new', 0, 0],
    ])
    for (const { moved } of opened.damages) expect(readdirSync(at('damage'))).toContain(moved)
    const noted = opened.damages.find(({ file }) => file === 'note')
    expect(read(trail.directory, `damage/${noted?.moved}`)).toBe('a note')
    expect(readdirSync(outside)).toEqual(['kept'])
    expectWhole(trail.directory, trail.lines, 300)
  })

  it('has names of its own, however often it comes, and is told of once', async () => {
    const trail = left()
    const names: string[] = []
    for (const text of ['one', 'two', 'three']) {
      writeFileSync(join(trail.directory, 'note'), text)
      const { damages } = await openAndLeave(trail.directory)
      expect(damages).toHaveLength(names.length + 1)
      names.splice(0, names.length, ...damages.map(({ moved }) => moved ?? ''))
    }
    expect(names.map((name) => read(trail.directory, `damage/${name}`)).sort()).toEqual(['one', 'three', 'two'])
    const told = names.map((moved, index) =>
      ownLine(10 + index, 'damage', { damage: { file: 'note', offset: 0, bytes: 3, moved } }),
    )
    appendFileSync(join(trail.directory, first), textOf(told.map(withNonce)))
    expect((await openAndLeave(trail.directory)).damages).toEqual([])
  })

  it.each(['segments', 'tile', 'control', 'damage', 'cursors', 'dead-letter'])(
    'gives its place back to %s/',
    async (name) => {
      const trail = left({ lines: name === 'segments' ? [] : recordLines(3) })
      rmSync(join(trail.directory, name), { recursive: true })
      symlinkSync(temporaryDirectory(), join(trail.directory, name))
      const opened = await openAt(trail.directory)
      expect(opened.damages).toMatchObject([
        { file: expect.stringMatching(new RegExp(`^${name}-[0-9a-f]{8}$`)), bytes: 0 },
      ])
      expectWhole(trail.directory, trail.lines, trail.lines.length)
    },
  )
})

describe('a line that is none, behind the checkpoint', () => {
  it.each([
    ['has no nonce', exchangeLine(9)],
    ['is no JSON', '{"id":"x"},"nonce":"AQEBAQEBAQEBAQEBAQEBAQ"}'],
    ['does not begin with its id', withNonce('{"time":"x"}')],
    ['is no UTF-8', Buffer.from(withNonce('{"id":"\u00ff"}'), 'latin1')],
    ['holds a control character', withNonce('{"id":"x"\t}')],
    ['is empty', ''],
    ['is longer than a line', withNonce(`{"id":"${'x'.repeat(65_535)}"}`)],
  ])('that %s ends the trail; it and all behind it is set aside', async (_, line) => {
    const behind = Buffer.concat([
      Buffer.from(line),
      Buffer.from(`\n${textOf(recordLines(2, 20).map(withNonce))}{"id":`),
    ])
    const trail = left({ lines: recordLines(6), checkpointAt: 4, tail: behind })
    const opened = await openAt(trail.directory)
    const offset = textOf(trail.lines).length
    expect(opened.damages).toEqual([{ file: first, offset, bytes: behind.length, moved: expect.any(String) }])
    expect(readFileSync(join(trail.directory, 'damage', opened.damages[0]?.moved ?? ''))).toEqual(behind)
    expect(opened.mended.tornBytes).toBe(0)
    expectWhole(trail.directory, trail.lines, 4)
  })

  it('may be huge, and is never held in memory', async () => {
    const trail = left()
    const { size } = statSync(join(trail.directory, first))
    truncateSync(join(trail.directory, first), 100_000_000)
    const before = process.memoryUsage().rss
    const opened = await openAt(trail.directory)
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000)
    expect(opened.damages).toMatchObject([{ file: first, offset: size, bytes: 100_000_000 - size }])
    expectWhole(trail.directory, trail.lines, 3)
  })
})

describe('tiles', () => {
  it('are made again where they are missing, wrong, too long or no files', async () => {
    const trail = left({ lines: recordLines(1300) })
    const at = (path: string): string => join(trail.directory, 'tile', path)
    rmSync(at('0/000'))
    writeFileSync(at('0/001'), Buffer.alloc(8192))
    appendFileSync(at('0/002'), 'x')
    rmSync(at('0/003'))
    mkdirSync(at('0/003'))
    writeFileSync(at('0/005.p/20'), 'short')
    rmSync(at('1'), { recursive: true })
    const opened = await openAt(trail.directory)
    expect(opened).toMatchObject({ mended: { tiles: 6 }, damages: [{ file: 'tile/0/003', bytes: 0 }] })
    expectWhole(trail.directory, trail.lines, 1300)
  })

  it('are all made again, however many', async () => {
    const trail = left({ lines: recordLines(2000) })
    rmSync(join(trail.directory, 'tile'), { recursive: true })
    expect(await openAt(trail.directory)).toMatchObject({ mended: { tiles: 9 } })
    expectWhole(trail.directory, trail.lines, 2000)
  })
})

describe('a trail that is not continued', () => {
  const lines = recordLines(20)

  function empty(trail: BuiltTrail): { origin: string; size: number; root: string } {
    return { origin: trail.origin, size: 0, root: rootOf([]).toString('base64') }
  }

  function newest(trail: BuiltTrail, size: number): { origin: string; size: number; root: string } {
    return { origin: trail.origin, size, root: rootOf(trail.lines.slice(0, size).map(leafHash)).toString('base64') }
  }

  /** It stays as it is, byte for byte; a successor follows what its newest checkpoint says, now and when it is opened again. */
  async function expectSucceeded(trail: BuiltTrail, reason: RegExp, follows: { size: number }): Promise<void> {
    const before = contentsOf(trail.directory)
    const opened = await openAndLeave(trail.directory)
    const successor = `${trail.directory}.2`
    expect(opened).toMatchObject({ directory: successor, origin: `${trail.origin}/2`, follows, stopped: true })
    expect(opened.notContinued).toEqual([{ directory: trail.directory, reason: expect.stringMatching(reason) }])
    expect(JSON.parse(read(successor, 'trail.json'))).toMatchObject({ origin: `${trail.origin}/2`, follows })
    expectWhole(successor, [], 0)
    expect(contentsOf(trail.directory)).toEqual(before)
    const again = await openAndLeave(trail.directory)
    expect(again).toMatchObject({ directory: successor, origin: opened.origin, trailHash: opened.trailHash, follows })
    expect(again.notContinued).toMatchObject([{ directory: trail.directory, reason: /successor/ }])
    expect(contentsOf(trail.directory)).toEqual(before)
    expect(existsSync(`${trail.directory}.3`)).toBe(false)
  }

  it('has lines and no trail.json', async () => {
    const trail = left({ lines, checkpointAt: 15 })
    rmSync(join(trail.directory, 'trail.json'))
    await expectSucceeded(trail, /no trail\.json/, newest(trail, 15))
  })

  it.each([
    ['empty', ''],
    ['an object of nothing', '{}\n'],
    ['without keys', '{"format":1,"origin":"a"}\n'],
    ['a list', '[1]\n'],
    ['of no format', '{"format":0,"origin":"a","keys":["b"]}\n'],
    ['on two lines', '{"format":1,\n"origin":"a","keys":["b"]}\n'],
    ['of a name with a space', '{"format":1,"origin":"a b","keys":["b"]}\n'],
    ['huge', 'x'.repeat(100_000)],
  ])('has a trail.json that is none: %s', async (_, text) => {
    const trail = left({ lines })
    writeFileSync(join(trail.directory, 'trail.json'), text)
    await expectSucceeded(trail, /trail\.json is not of its form/, newest(trail, 20))
  })

  it('has a trail.json that leads elsewhere', async () => {
    const trail = left({ lines })
    const elsewhere = join(temporaryDirectory(), 'trail.json')
    renameSync(join(trail.directory, 'trail.json'), elsewhere)
    symlinkSync(elsewhere, join(trail.directory, 'trail.json'))
    await expectSucceeded(trail, /trail\.json/, newest(trail, 20))
  })

  it('has lines and no checkpoint', async () => {
    const trail = left({ lines })
    rmSync(join(trail.directory, 'checkpoint'))
    await expectSucceeded(trail, /no checkpoint/, empty(trail))
  })

  it.each([
    ['is not signed', (text: string) => text.replace(/\n— .*\n$/, '\n')],
    ['was changed', (text: string) => text.replace('\n20\n', '\n19\n')],
    ['is of another trail', () => signedCheckpoint('example.org/other', [], keyOf(Buffer.alloc(32)))],
    [
      'is of another key',
      () => signedCheckpoint(builtOrigin, lines.map(withNonce).map(leafHash), keyOf(Buffer.alloc(32))),
    ],
    ['is empty', () => ''],
    ['is huge', () => 'x'.repeat(2_000_000)],
  ])('has a checkpoint that %s', async (_, change) => {
    const trail = left({ lines })
    const path = join(trail.directory, 'checkpoint')
    writeFileSync(path, change(readFileSync(path, 'utf8')))
    await expectSucceeded(trail, /its checkpoint is not/, empty(trail))
  })

  it('has fewer lines than its checkpoint', async () => {
    const trail = left({ lines })
    writeFileSync(join(trail.directory, first), textOf(trail.lines.slice(0, 19)))
    await expectSucceeded(trail, /has 19 lines/, newest(trail, 20))
  })

  it('has lost all its lines', async () => {
    const trail = left({ lines })
    rmSync(join(trail.directory, first))
    await expectSucceeded(trail, /has 0 lines/, newest(trail, 20))
  })

  it('has another line than its checkpoint says', async () => {
    const trail = left({ lines })
    const path = join(trail.directory, first)
    writeFileSync(path, readFileSync(path, 'utf8').replace('List', 'Last'))
    await expectSucceeded(trail, /not those of its checkpoint/, newest(trail, 20))
  })

  it('is torn within what its checkpoint says', async () => {
    const trail = left({ lines })
    truncateSync(join(trail.directory, first), 500)
    await expectSucceeded(trail, /lines/, newest(trail, 20))
  })

  it.each([
    ['the first', 0],
    ['a middle one', 5],
  ])('lacks a segment: %s', async (_, index) => {
    const trail = left({ lines, segmentsAt: [0, 5, 10], checkpointAt: 2 })
    rmSync(join(trail.directory, segmentPathOf(index)))
    await expectSucceeded(trail, /missing|lacks/, newest(trail, 2))
  })

  it('has a directory in place of a segment', async () => {
    const trail = left({ lines, segmentsAt: [0, 10] })
    rmSync(join(trail.directory, segmentPathOf(10)))
    mkdirSync(join(trail.directory, segmentPathOf(10)))
    await expectSucceeded(trail, /has 10 lines/, newest(trail, 20))
  })

  it('lacks lines, or has one that is none, in a segment before the last', async () => {
    const trail = left({ lines, segmentsAt: [0, 10], checkpointAt: 2 })
    writeFileSync(join(trail.directory, first), textOf([...trail.lines.slice(0, 9), 'none']))
    await expectSucceeded(trail, /lacks lines/, newest(trail, 2))
  })

  it('has a cursor that is ahead', async () => {
    const trail = left({ lines })
    writeFileSync(join(trail.directory, 'cursors/fine.json'), '{"size":20}')
    writeFileSync(join(trail.directory, 'cursors/odd.json'), 'odd')
    writeFileSync(join(trail.directory, 'cursors/ahead.json'), '{"size":21}')
    await expectSucceeded(trail, /cursors\/ahead\.json is ahead/, newest(trail, 20))
  })

  it('is left to its successor, even when it is whole again', async () => {
    const trail = left({ lines })
    const path = join(trail.directory, first)
    renameSync(path, `${trail.directory}.saved`)
    await openAndLeave(trail.directory)
    renameSync(`${trail.directory}.saved`, path)
    expect(await openAndLeave(trail.directory)).toMatchObject({ directory: `${trail.directory}.2` })
  })

  it('may have a successor that has one itself', async () => {
    const trail = left({ lines })
    rmSync(join(trail.directory, first))
    await openAndLeave(trail.directory)
    rmSync(join(`${trail.directory}.2`, 'checkpoint'))
    writeFileSync(join(`${trail.directory}.2`, first), textOf(trail.lines))
    const opened = await openAndLeave(trail.directory)
    const follows = { origin: `${builtOrigin}/2`, size: 0, root: rootOf([]).toString('base64') }
    expect(opened).toMatchObject({ directory: `${trail.directory}.3`, origin: `${builtOrigin}/3`, follows })
    expect(opened.notContinued).toHaveLength(2)
    expect(await openAndLeave(trail.directory)).toMatchObject({ directory: `${trail.directory}.3`, follows })
    expect(existsSync(`${trail.directory}.4`)).toBe(false)
  })

  it('has its successor in the first place that is free', async () => {
    const trail = left({ lines })
    rmSync(join(trail.directory, first))
    const other = buildTrail(`${trail.directory}.2`, { origin: 'example.org/other' })
    mkdirSync(`${trail.directory}.3`)
    writeFileSync(`${trail.directory}.3/app.log`, 'precious')
    writeFileSync(`${trail.directory}.4`, 'precious')
    mkdirSync(`${trail.directory}.5`)
    const before = contentsOf(other.directory)
    const opened = await openAndLeave(trail.directory)
    expect(opened).toMatchObject({ directory: `${trail.directory}.5`, origin: `${builtOrigin}/5` })
    expect(contentsOf(other.directory)).toEqual(before)
    expect(readdirSync(`${trail.directory}.3`)).toEqual(['app.log'])
    expect(await openAndLeave(trail.directory)).toMatchObject({ directory: `${trail.directory}.5` })
  })

  it('is followed by one that nothing tells the name of', async () => {
    const trail = left({ lines })
    rmSync(join(trail.directory, 'trail.json'))
    rmSync(join(trail.directory, 'checkpoint'))
    const opened = await openAndLeave(trail.directory)
    expect(opened.origin).toMatch(/audit_log\/[0-9a-f]{8}\/2$/)
    expect(await openAndLeave(trail.directory)).toMatchObject({ directory: opened.directory, origin: opened.origin })
  })

  it('keeps its successor locked', async () => {
    const trail = left({ lines })
    rmSync(join(trail.directory, first))
    await openAt(trail.directory)
    await expect(openAt(trail.directory)).rejects.toMatchObject({ code: 'TRAIL_LOCKED' })
  })
})

describe('a network file system', () => {
  const shared: Disk = { ...disk, fileSystem: async () => 'network' }

  it('holds no trail, unless that is allowed', async () => {
    const directory = trailPath()
    await expect(openAndLeave(directory, {}, { disk: shared })).rejects.toMatchObject({ code: 'TRAIL_NETWORK_FS' })
    expect(readdirSync(join(directory, '..'))).toEqual([])
    await openAndLeave(directory, { allowNetworkFs: true }, { disk: shared })
    await expect(openAndLeave(directory, {}, { disk: shared })).rejects.toMatchObject({ code: 'TRAIL_NETWORK_FS' })
    expectWhole(directory, [], 0)
  })
})

describe('a fault that changes nothing', () => {
  let trail: BuiltTrail
  beforeEach(() => {
    trail = left({ tail: 'torn' })
    writeFileSync(join(trail.directory, 'note'), 'a note')
  })

  async function expectRefused(settings: Parameters<typeof openAt>[1], code: string): Promise<void> {
    const before = contentsOf(join(trail.directory, '..'))
    await expect(openAt(trail.directory, settings)).rejects.toMatchObject({ code })
    const after = contentsOf(join(trail.directory, '..'))
    delete after['trail/lock']
    expect(after).toEqual(before)
  }

  it('is another origin', () => expectRefused({ origin: 'example.org/other' }, 'TRAIL_ORIGIN_DIFFERS'))

  it('is another key', () => expectRefused({ key: keyOf(Buffer.alloc(32)) }, 'TRAIL_KEY_DIFFERS'))

  it('is a key that is none', () => expectRefused({ key: 'none' }, 'TRAIL_KEY_INVALID'))

  it('is a key that is missing', async () => {
    rmSync(`${trail.directory}.key`)
    await expectRefused({}, 'TRAIL_KEY_NOT_OPENED')
  })

  it('is a newer format', async () => {
    writeFileSync(join(trail.directory, 'trail.json'), '{"format":2,"what":"ever"}\n')
    await expectRefused({}, 'TRAIL_VERSION_UNKNOWN')
  })
})
