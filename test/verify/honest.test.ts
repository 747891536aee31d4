import { describe, expect, it } from 'vitest'
import { verify } from './scratch.ts'
import {
  type Contents,
  checkpointOf,
  contentsOf,
  type Files,
  filesOf,
  headerOf,
  keyOf,
  lineOf,
  origin,
  recordLine,
  segmentFiles,
  segmentPath,
  startLine,
  tileFiles,
} from './trail-builder.ts'

const passed = { verdict: 'passed', faults: [], moreFaults: 0 }

/** A trail whose checkpoint counts fewer lines than there are. */
const behind = (size: number, signed: number, segments: readonly number[] = [0]): Contents => ({
  ...contentsOf(size, segments),
  signed,
})

const withFiles = (files: Files, ...more: readonly (readonly [string, Buffer | string])[]): Files =>
  new Map([...files, ...more.map(([path, bytes]) => [path, Buffer.from(bytes)] as const)])

const without = (files: Files, ...paths: readonly string[]): Files =>
  new Map([...files].filter(([path]) => !paths.includes(path)))

describe('a whole trail passes', () => {
  it.each([1, 2, 3, 255, 256, 257, 511, 512, 600, 65_537])('with %d records', async (size) => {
    const contents = contentsOf(size)
    const verdict = await verify(filesOf(contents))
    expect(verdict).toMatchObject({ ...passed, size, origin, unproven: { records: 0, bytes: 0, firstTime: null } })
    expect(verdict.root).toBe(checkpointOf(contents, size).toString().split('\n')[2])
    expect(verdict.time).toBe(JSON.parse(contents.lines.at(-1) ?? '{}').time)
  })

  it.each([[[0, 1]], [[0, 255, 256, 257]], [[0, 300, 600]]])('in segments from %j', async (segments) => {
    expect(await verify(filesOf(contentsOf(600, segments)))).toMatchObject({ ...passed, size: 600 })
  })

  it('with older checkpoints of every size', async () => {
    const contents = contentsOf(600, [0, 400])
    const checkpoints = [0, 1, 255, 256, 257, 400, 599, 600].map((size) => ({
      name: `${size}`,
      bytes: checkpointOf(contents, size),
    }))
    const verdict = await verify(filesOf(contents), { checkpoints })
    expect(verdict).toMatchObject(passed)
    expect(verdict.checkpoints).toEqual(checkpoints.map(({ name }) => ({ name, size: Number(name), ok: true })))
  })
})

describe('what a crash or a writer at work may leave passes', () => {
  const empty = contentsOf(0, [])

  it.each<[string, Files]>([
    ['nothing but trail.json and the first checkpoint', filesOf(empty)],
    ['an empty segment', filesOf({ ...empty, segments: [0] })],
    [
      'empty directories of what is to come',
      withFiles(filesOf(empty), ['control/x', ''], ['damage/x', ''], ['lock', '']),
    ],
    ['an empty last segment', filesOf(contentsOf(5, [0, 5]))],
  ])('%s', async (_name, files) => expect(await verify(files)).toMatchObject(passed))

  it('lines before the first checkpoint that counts any', async () => {
    const files = filesOf(behind(5, 0))
    expect(await verify(files)).toMatchObject({ ...passed, size: 0, time: null, unproven: { records: 5 } })
  })

  it('the beginning of a line at the end', async () => {
    const contents = contentsOf(5)
    for (const torn of ['{', '{"id":', recordLine(5), recordLine(5).slice(0, 200), `${recordLine(5)}\n{"id":"0`]) {
      const whole = segmentFiles(contents).get(segmentPath(0)) ?? Buffer.alloc(0)
      const files = withFiles(filesOf(contents), [segmentPath(0), Buffer.concat([whole, Buffer.from(torn)])])
      expect(await verify(files)).toMatchObject({
        ...passed,
        size: 5,
        unproven: { records: torn.split('\n').length - 1, bytes: Buffer.byteLength(torn) },
      })
    }
  })

  it.each([
    [600, 300],
    [600, 512],
    [257, 255],
    [512, 1],
  ])('%d lines of which the checkpoint counts %d', async (size, signed) => {
    const contents = behind(size, signed, [0, 250])
    const unproven = { records: size - signed, firstTime: JSON.parse(contents.lines[signed] ?? '').time }
    expect(await verify(filesOf(contents))).toMatchObject({ ...passed, size: signed, unproven })
  })

  it.each([
    [600, 300],
    [600, 512],
    [257, 255],
  ])('tiles of %d lines where the checkpoint still counts %d', async (size, signed) => {
    const contents = behind(size, signed)
    const tiles = tileFiles(contents, size)
    expect(await verify(withFiles(filesOf(contents), ...tiles))).toMatchObject({ ...passed, size: signed })
    // The old partial tiles may be gone already: wider ones stand in for them.
    const replaced = without(filesOf(contents), ...[...tileFiles(contents, signed).keys()])
    expect(await verify(withFiles(replaced, ...tiles))).toMatchObject({ ...passed, size: signed })
  })

  it('narrower partial tiles that are left over', async () => {
    const contents = contentsOf(600)
    const left = [1, 100, 255, 256, 257, 300, 511, 590].flatMap((size) => [...tileFiles(contents, size)])
    expect(await verify(withFiles(filesOf(contents), ...left))).toMatchObject(passed)
  })

  it('lines that were not durable, and are in the next segment too', async () => {
    const contents = behind(300, 200, [0, 200])
    const rest = `${recordLine(200)}\n${recordLine(201)}\n${recordLine(202).slice(0, 50)}`
    const bytes = Buffer.concat([segmentFiles(contents).get(segmentPath(0)) ?? Buffer.alloc(0), Buffer.from(rest)])
    const verdict = await verify(withFiles(filesOf(contents), [segmentPath(0), bytes]))
    expect(verdict).toMatchObject({ ...passed, unproven: { records: 100 } })
  })

  it('bytes that a damage record names, proven or not yet', async () => {
    for (const signed of [12, 11, 3]) {
      const plain = contentsOf(12, [0, 10])
      const first = segmentFiles(plain).get(segmentPath(0)) ?? Buffer.alloc(0)
      const damage = { file: segmentPath(0), offset: first.length, bytes: 7 }
      const contents = { ...plain, signed, lines: plain.lines.with(11, lineOf(11, { kind: 'damage', damage })) }
      const files = withFiles(filesOf(contents), [segmentPath(0), Buffer.concat([first, Buffer.from('garbage')])])
      const verdict = await verify(files)
      expect(verdict).toMatchObject({ ...passed, size: signed })
      if (signed === 12) expect(verdict.account.damages).toEqual({ count: 1, list: [{ leaf: 11, ...damage }] })
      const other = withFiles(files, [segmentPath(0), Buffer.concat([first, Buffer.from('garbage!')])])
      if (signed > 10) expect(await verify(other)).toMatchObject({ faults: [{ code: 'STRAY_BYTES' }] })
    }
  })
})

describe('a trail tells of itself', () => {
  it('what was interrupted, lost, mended and damaged', async () => {
    const plain = contentsOf(8)
    const told = [
      { kind: 'recovery', recovery: { size: 2, torn_bytes: 17, tiles: 0, interrupted: 1 } },
      { kind: 'interrupted', exchange: 'exchange-1', interrupted: { intent: 'intent-1' } },
      { kind: 'start', start: { in_force: {}, trail: JSON.parse(plain.lines[0] ?? '').start.trail } },
      { kind: 'gap', gap: { lost: 3, refused: 1, first_time: 'a', last_time: 'b', reason: 'disk full' } },
      { kind: 'damage', damage: { file: 'tile/0/000', offset: 0, bytes: 5, moved: 'damage/1' } },
      { results: [{ kind: 'gap', gap: { lost: 100 } }] },
      { kind: 'stop', stop: { recorded: 1, lost: 3, refused: 1 } },
    ]
    const lines = [plain.lines[0] ?? '', ...told.map((members, index) => lineOf(index + 1, members))]
    const { account } = await verify(filesOf({ ...plain, lines }))
    expect(account).toEqual({
      starts: 2,
      stops: 1,
      recoveries: { count: 1, list: [{ leaf: 1, time: '2026-11-25T09:00:01.000Z', tornBytes: 17 }] },
      interrupted: { count: 1, list: ['exchange-1'] },
      gaps: {
        count: 1,
        list: [{ leaf: 4, lost: 3, refused: 1, firstTime: 'a', lastTime: 'b', reason: 'disk full' }],
        lost: 3,
        refused: 1,
      },
      damages: { count: 1, list: [{ leaf: 5, file: 'tile/0/000', offset: 0, bytes: 5 }] },
    })
  })

  it('which trail it follows', async () => {
    const plain = contentsOf(1)
    const follows = { origin: 'example.org/first', size: 0, root: '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' }
    const header = headerOf(origin, keyOf(7), { follows })
    const verdict = await verify(filesOf({ ...plain, header, lines: [startLine(0, header)] }))
    expect(verdict).toMatchObject({ ...passed, follows })
  })
})
