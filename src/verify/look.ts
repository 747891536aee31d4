import { type Claim, currentClaim, fits, judgeOlder, olderClaim } from './claim.ts'
import { Faults } from './fault.ts'
import { Files } from './files.ts'
import { type Header, readHeader } from './header.ts'
import { judge } from './judge.ts'
import { Lines, type Mark } from './lines.ts'
import type { VerifierKey } from './note.ts'
import { listSegments, segmentPath } from './segment.ts'
import { Tiles } from './tiles.ts'
import { TILE, type Tree } from './tree.ts'
import type { Verdict, VerifyOptions } from './verdict.ts'

/** What may be in the directory itself. */
export const topLevel: ReadonlyMap<string, 'file' | 'directory'> = new Map([
  ['trail.json', 'file'],
  ['checkpoint', 'file'],
  ['lock', 'file'],
  ['reserve', 'file'],
  ['segments', 'directory'],
  ['tile', 'directory'],
  ['control', 'directory'],
  ['damage', 'directory'],
  ['cursors', 'directory'],
  ['dead-letter', 'directory'],
])

export interface Looked {
  readonly verdict: Verdict
  /** Whether a failure can come from a writer at work. */
  readonly mayPass: boolean
  /** Whether the trail changed while it was looked at. */
  readonly changed: boolean
}

interface Claims {
  readonly header: Header | undefined
  readonly current: Claim
  readonly older: readonly Claim[]
}

/** Looks at a trail once: first the checkpoint, then the lines, then the tiles. `keys` is undefined where none were given. */
export async function look(
  directory: string,
  keys: readonly VerifierKey[] | undefined,
  options: VerifyOptions,
): Promise<Looked> {
  const faults = new Faults()
  const files = new Files(directory, faults)
  const before = stateOf(files)
  const claims = readClaims(files, keys, options, faults)
  checkTopLevel(files, faults)
  const lines = await compare(files, claims, faults, progressOf(options, before.bytes))
  const verdict = verdictOf(claims, lines, faults, keys !== undefined)
  const after = stateOf(files)
  return { verdict, mayPass: faults.mayPass, changed: before.stamp !== after.stamp }
}

function readClaims(
  files: Files,
  keys: readonly VerifierKey[] | undefined,
  { checkpoints = [] }: VerifyOptions,
  faults: Faults,
): Claims {
  const note = files.read('checkpoint')
  const header = readHeader(files, faults)
  const trusted = keys ?? header?.keys ?? []
  return {
    header,
    current: currentClaim(note, header, trusted, faults),
    older: checkpoints.map((checkpoint) => olderClaim(checkpoint, header, trusted, faults)),
  }
}

function checkTopLevel(files: Files, faults: Faults): void {
  for (const { name, path, kind } of files.list('')) {
    const expected = topLevel.get(name)
    if (expected === undefined) faults.add('UNKNOWN', { file: path })
    else if (kind !== expected && !(expected === 'file' && ['trail.json', 'checkpoint'].includes(name))) {
      faults.add('KIND', { file: path })
    }
  }
}

/** Reads lines and tiles, and holds them against the checkpoints. */
async function compare(
  files: Files,
  { header, current, older }: Claims,
  faults: Faults,
  read: (bytes: number) => void,
): Promise<Lines> {
  const proven = current.checkpoint?.size ?? 0
  const tiles: Tiles = new Tiles(files, faults, proven, (leaf) => lines.placeOf(leaf))
  let aligned: Tree | undefined
  const marks: Mark[] = [
    { size: proven - (proven % TILE), reached: () => (aligned = tiles.tree.cloneOfTiles()) },
    ...[current, ...older].flatMap((claim) => markOf(claim, tiles.tree)),
  ]
  marks.sort((a, b) => a.size - b.size)
  const lines: Lines = new Lines({ files, faults, tree: tiles.tree, proven, trailHash: header?.hash, marks, read })
  await lines.readOn()
  await tiles.check(() => lines.readOn())
  await lines.finish()
  if (current.checkpoint !== undefined) judge(current.checkpoint, { root: current.root, tiles, aligned }, faults)
  for (const claim of older) judgeOlder(claim, proven, faults)
  return lines
}

function markOf(claim: Claim, tree: Tree): Mark[] {
  if (claim.checkpoint === undefined) return []
  const reached = (time: string | null): void => {
    claim.root = tree.root()
    claim.time = time
  }
  return [{ size: claim.checkpoint.size, reached }]
}

function verdictOf({ header, current, older }: Claims, lines: Lines, faults: Faults, hasKey: boolean): Verdict {
  const [best] = [current, ...older].filter(fits).sort((a, b) => sizeOf(b) - sizeOf(a))
  const proven = hasKey ? 'passed' : 'consistent'
  return {
    verdict: faults.any ? 'failed' : proven,
    origin: header?.origin ?? current.checkpoint?.origin ?? null,
    size: best === undefined ? 0 : sizeOf(best),
    root: best?.checkpoint?.root.toString('base64') ?? null,
    time: best?.time ?? null,
    unproven: lines.unproven(),
    account: lines.account.summary(),
    follows: header?.follows ?? null,
    faults: faults.list,
    moreFaults: faults.more,
    checkpoints: older.map((claim) => ({
      name: claim.name,
      size: claim.checkpoint?.size ?? null,
      ok: fits(claim) && sizeOf(claim) <= sizeOf(current),
    })),
  }
}

function sizeOf({ checkpoint }: Claim): number {
  return checkpoint?.size ?? 0
}

function progressOf({ progress }: VerifyOptions, of: number): (bytes: number) => void {
  let read = 0
  return (bytes) => {
    read += bytes
    progress?.(read, Math.max(of, read))
  }
}

/** What a writer's work changes, and how many bytes the segments have. */
function stateOf(files: Files): { stamp: string; bytes: number } {
  const paths = listSegments(files, new Faults()).map(segmentPath)
  const parts = ['', 'trail.json', 'checkpoint', 'segments', 'tile', 'tile/0', 'control', paths.at(-1) ?? '']
  return {
    stamp: parts.map((path) => files.stamp(path)).join('\n'),
    bytes: paths.reduce((sum, path) => sum + files.size(path), 0),
  }
}
