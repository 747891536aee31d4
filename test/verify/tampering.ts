import {
  type Contents,
  checkpointOf,
  contentsOf,
  type Files,
  filesOf,
  headerOf,
  keyOf,
  recordLine,
  segmentFiles,
  segmentPath,
  startLine,
  tileFiles,
} from './trail-builder.ts'

/*
 * What tampering shows, and what does not. This table is the promise: docs/threats.md is made from it, and
 * tampering.test.ts does each of these things to a trail.
 */

/** `shows`: verification fails. `hidden`: it passes, as nothing that it has can tell. */
export type Expectation = 'shows' | 'hidden'

export interface Attack {
  readonly name: string
  /** What becomes of the contents. Tiles and checkpoint are made again as far as the attacker can. */
  readonly rewrite?: (contents: Contents) => Contents
  /** What becomes of the files, whatever else the attacker has. */
  readonly files?: (files: Files) => Files
  /** By somebody who can write to the directory: seen with the key alone, with the key and an older checkpoint. */
  readonly writer: readonly [Expectation, Expectation]
  /** By somebody who has the signing key too. */
  readonly signer: readonly [Expectation, Expectation]
}

/** The trail that is tampered with: 600 records, of which an auditor has a checkpoint of 400. */
export const whole: Contents = contentsOf(600, [0, 256, 500])
const olderSize = 400

const always = { writer: ['shows', 'shows'], signer: ['shows', 'shows'] } as const
const bySigner = { writer: ['shows', 'shows'], signer: ['hidden', 'shows'] } as const
const bySignerLater = { writer: ['shows', 'shows'], signer: ['hidden', 'hidden'] } as const
const never = { writer: ['hidden', 'hidden'], signer: ['hidden', 'hidden'] } as const
const withOlder = { writer: ['hidden', 'shows'], signer: ['hidden', 'shows'] } as const

/** Other lines in the same segments, as far as there are so many. */
function withLines(change: (lines: string[]) => string[]): (contents: Contents) => Contents {
  return (contents) => {
    const lines = change([...contents.lines])
    const segments = contents.segments.filter((first) => first === 0 || first < lines.length)
    return { ...contents, lines, segments, signed: lines.length }
  }
}

function withFile(path: string, change: (bytes: Buffer) => Buffer): (files: Files) => Files {
  return (files) => new Map([...files, [path, change(files.get(path) ?? Buffer.alloc(0))]])
}

function without(...paths: readonly string[]): (files: Files) => Files {
  return (files) => new Map([...files].filter(([path]) => !paths.includes(path)))
}

const append = (text: string) => (bytes: Buffer) => Buffer.concat([bytes, Buffer.from(text)])
const replace = (from: string, to: string) => (bytes: Buffer) => Buffer.from(bytes.toString().replace(from, to))
const edit = (index: number, from: string, to: string) =>
  withLines((lines) => lines.with(index, (lines[index] ?? '').replace(from, to)))

/** The state of the trail when it had so many records. */
const earlier = (size: number): Contents => ({
  ...withLines((lines) => lines.slice(0, size))(whole),
})

const stranger = keyOf(9)
const elsewhere = 'example.org/elsewhere/audit'
const foreign = contentsOf(600, [0, 256, 500], 9)

export const attacks: readonly Attack[] = [
  { name: 'a record is edited', rewrite: edit(100, 'List', 'Read'), ...bySigner },
  { name: 'a value changes its type: 200 to "200"', rewrite: edit(100, '200', '"200"'), ...bySigner },
  { name: 'a record is deleted', rewrite: withLines((lines) => lines.toSpliced(100, 1)), ...bySigner },
  {
    name: 'a record is inserted',
    rewrite: withLines((lines) => lines.toSpliced(100, 0, recordLine(9999))),
    ...bySigner,
  },
  {
    name: 'a record is there twice',
    rewrite: withLines((lines) => lines.toSpliced(100, 0, lines[100] ?? '')),
    ...bySigner,
  },
  {
    name: 'two records change places',
    rewrite: withLines((lines) => lines.with(100, lines[101] ?? '').with(101, lines[100] ?? '')),
    ...bySigner,
  },
  {
    name: 'two segments change places',
    rewrite: withLines((lines) =>
      [lines.slice(0, 1), lines.slice(256, 500), lines.slice(1, 256), lines.slice(500)].flat(),
    ),
    ...bySigner,
  },
  { name: 'the first records are gone', rewrite: withLines((lines) => lines.toSpliced(1, 200)), ...bySigner },
  {
    name: 'the last records are gone, some that the older checkpoint counts too',
    rewrite: () => earlier(300),
    ...bySigner,
  },
  {
    name: 'the last records are gone, all later than the older checkpoint',
    rewrite: () => earlier(500),
    ...bySignerLater,
  },
  {
    name: 'a record is edited that is later than the older checkpoint',
    rewrite: edit(550, 'List', 'Read'),
    ...bySignerLater,
  },
  {
    name: 'all records are written anew',
    rewrite: withLines((lines) => lines.map((line, index) => (index === 0 ? line : recordLine(index, 'x')))),
    ...bySigner,
  },
  {
    name: 'a segment comes from another trail',
    rewrite: withLines((lines) => [
      ...lines.slice(0, 256),
      ...foreign.lines.map((line) => line.replace('List', 'Other')).slice(256, 500),
      ...lines.slice(500),
    ]),
    ...bySigner,
  },
  {
    name: '`trail.json` is changed, and the start record with it',
    rewrite: (contents) => {
      const header = headerOf(contents.origin, contents.key, {
        follows: { origin: 'a', size: 0, root: '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' },
      })
      return { ...contents, header, lines: contents.lines.with(0, startLine(0, header)) }
    },
    ...bySigner,
  },
  { name: '`trail.json` is changed', files: withFile('trail.json', replace('"format":1,', '"format":1, ')), ...always },
  { name: 'the whole trail is another one, of another key', files: () => filesOf(foreign), ...always },
  {
    name: 'the checkpoint is signed by another key',
    files: withFile('checkpoint', () => checkpointOf(whole, 600, stranger)),
    ...always,
  },
  {
    name: 'the checkpoint is that of another origin',
    files: withFile('checkpoint', () => checkpointOf(whole, 600, whole.key, elsewhere)),
    ...always,
  },
  {
    name: 'the signature is gone',
    files: withFile('checkpoint', (bytes) => Buffer.from(`${bytes.toString().split('\n\n')[0]}\n\n`)),
    ...always,
  },
  {
    name: 'the base64 in the checkpoint lacks its padding',
    files: withFile('checkpoint', replace('=\n', '\n')),
    ...always,
  },
  { name: 'there is one more space in the checkpoint', files: withFile('checkpoint', replace('— ', '—  ')), ...always },
  { name: 'the checkpoint has one more line', files: withFile('checkpoint', replace('\n\n', '\nmore\n\n')), ...always },
  { name: '`checkpoint` is gone', files: without('checkpoint'), ...always },
  { name: '`trail.json` is gone', files: without('trail.json'), ...always },
  { name: 'the first segment is gone', files: without(segmentPath(0)), ...always },
  { name: 'a segment in the middle is gone', files: without(segmentPath(256)), ...always },
  { name: 'the last segment is gone', files: without(segmentPath(500)), ...always },
  { name: 'a full tile is gone', files: without('tile/0/001'), ...always },
  { name: 'the last, partial tile is gone', files: without('tile/0/002.p/88'), ...always },
  {
    name: 'a tile is changed',
    files: withFile('tile/1/000.p/2', (bytes) => bytes.map((byte) => byte ^ 1) as Buffer),
    ...always,
  },
  { name: 'bytes stand behind the last line', files: withFile(segmentPath(500), append('garbage')), ...always },
  {
    name: 'bytes stand behind the last line of an earlier segment',
    files: withFile(segmentPath(0), append('garbage\n')),
    ...always,
  },
  {
    name: 'a file is there that the format does not know',
    files: withFile('segments/notes.txt', append('x')),
    ...always,
  },
  {
    name: 'a tile is there for records that are not',
    files: withFile('tile/0/009', () => Buffer.alloc(8192)),
    ...always,
  },

  {
    name: 'the whole directory is an older state of itself, from before the older checkpoint',
    files: () => filesOf(earlier(300)),
    ...withOlder,
  },
  {
    name: 'the whole directory is an older state of itself, from after the older checkpoint',
    files: () => filesOf(earlier(500)),
    ...never,
  },
  {
    name: 'the checkpoint is an older one, and the records behind it are changed: told as not proven',
    files: () => {
      const contents = edit(350, 'List', 'Read')({ ...whole, signed: 300 })
      return new Map([...filesOf(contents), ...tileFiles(contents, 600), ['checkpoint', checkpointOf(whole, 300)]])
    },
    ...withOlder,
  },
  {
    name: 'a well-formed record stands behind the last checkpoint: told as not proven',
    files: withFile(segmentPath(500), append(`${recordLine(600)}\n`)),
    ...never,
  },
  {
    name: '`lock` or `reserve` is changed',
    files: (files) => new Map([...files, ['lock', Buffer.from('x')], ['reserve', Buffer.from('y')]]),
    ...never,
  },
  {
    name: 'anything is in `control/`, `damage/`, `cursors/` or `dead-letter/`',
    files: (files) =>
      new Map([
        ...files,
        ...['control', 'damage', 'cursors', 'dead-letter'].map((name) => [`${name}/x`, Buffer.from('x')] as const),
      ]),
    ...never,
  },
  {
    name: 'the checkpoint has a signature line of a key that is not known',
    files: withFile(
      'checkpoint',
      append(checkpointOf(whole, 600, stranger, elsewhere).toString().split('\n\n')[1] ?? ''),
    ),
    ...never,
  },
]

/** What the attacker leaves: one way for each that there is. */
export function leftBehind(attack: Attack, who: 'writer' | 'signer'): readonly Files[] {
  const files = filesOf(whole)
  if (attack.files !== undefined) return [attack.files(files)]
  const contents = attack.rewrite?.(whole) ?? whole
  if (who === 'signer') return [filesOf(contents)]
  const written = new Map([...files].filter(([path]) => !path.startsWith('segments/')))
  written.set('trail.json', Buffer.from(contents.header))
  const kept = new Map([...written, ...segmentFiles(contents)])
  const withoutTiles = [...kept].filter(([path]) => !path.startsWith('tile/'))
  return [kept, new Map([...withoutTiles, ...tileFiles(contents, contents.signed)])]
}

export const older: Buffer = checkpointOf(whole, olderSize)

/** The table of docs/threats.md. */
export function threatTable(): string {
  const say = (cells: readonly Expectation[]): string =>
    cells.map((cell) => (cell === 'shows' ? 'shows' : '**hidden**')).join(' | ')
  const rows = attacks.map(({ name, writer, signer }) => `| ${name} | ${say(writer)} | ${say(signer)} |`)
  return [
    '| what was done | by a writer: key | key and older checkpoint | by a signer: key | key and older checkpoint |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}
