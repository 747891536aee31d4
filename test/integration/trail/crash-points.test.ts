import { execFile } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openTrail } from '../../../src/trail/trail.ts'
import { verifyTrail } from '../../../src/verify/verify-trail.ts'
import { bundled } from '../../support/bundled.ts'
import { temporaryDirectory } from '../../support/temporary.ts'
import { faultsIn, filesOf, linesOfTrail } from '../../support/trail-lines.ts'
import { trailParts } from '../../support/trail-parts.ts'
import { key, origin, verifierKey } from '../../trail/served.ts'
import type { ChildSettings } from './crash-child.ts'

const child = bundled(new URL('./crash-child.ts', import.meta.url))

type Point = NonNullable<ChildSettings['die']>

interface Ended {
  readonly isKilled: boolean
  /** What it said, in order: what, and of which. */
  readonly said: readonly (readonly [what: string, value: string])[]
  readonly errors: string
}

function run(directory: string, die?: Point, failsSync = false): Promise<Ended> {
  const settings: ChildSettings = { directory, key, origin, failsSync, ...(die === undefined ? {} : { die }) }
  return new Promise((resolve) => {
    const options = { maxBuffer: 2 ** 26 }
    const started = execFile(process.execPath, [child, JSON.stringify(settings)], options, (_, stdout, errors) => {
      const said = stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)] as const)
      resolve({ isKilled: started.signalCode === 'SIGKILL', said, errors })
    })
  })
}

/** Every point at which a process can die in a run that was gone through: before and after each operation. */
function pointsOf(said: Ended['said']): readonly Point[] {
  const occurrences = new Map<string, number>()
  return said.flatMap(([what, name]) => {
    if (what !== 'did') return []
    const occurrence = (occurrences.get(name) ?? 0) + 1
    occurrences.set(name, occurrence)
    return (['before', 'after'] as const).map((when) => ({ name, occurrence, when }))
  })
}

/** What is wrong after the recovery from these lives, the last of which was killed. */
async function faultsAfter(directory: string, lives: readonly Ended[]): Promise<readonly string[]> {
  const reports: string[] = []
  const trail = openTrail({
    ...trailParts({ directory, key, origin }),
    report: (error) => reports.push(`${error.code}: ${error.message}`),
  })
  try {
    await trail.ready
  } finally {
    await trail.close(60_000)
  }
  const said = lives.flatMap((life) => life.said)
  const all = (wanted: string): string[] => said.flatMap(([what, value]) => (what === wanted ? [value] : []))
  const given = new Map(all('given').map((line) => [JSON.parse(line).id as string, line]))
  const promised = { given, kept: [...all('written'), ...all('durable')], begun: all('begun') }
  const { verdict, faults } = await verifyTrail(directory, { keys: [verifierKey] })
  return [
    ...faultsIn(linesOfTrail(filesOf(directory)), promised),
    ...(verdict === 'passed' ? [] : [`verify: ${JSON.stringify(faults)}`]),
    ...reports.filter((report) => !report.startsWith('TRAIL_DAMAGED')),
  ]
}

/** How often a run is begun again that did not come to its point: how many checkpoints there are, and tiles, depends on how fast it is. */
const mostRuns = 20

/** Dies at every one of these points, on a trail as `prepare` leaves it, and says what was wrong after that. */
async function faultsOf(
  points: readonly Point[],
  prepare: (directory: string) => readonly Ended[],
  failsSync = false,
): Promise<string[]> {
  const faults: string[] = []
  const parent = temporaryDirectory()
  const todo = [...points.entries()]
  const work = async (): Promise<void> => {
    for (let next = todo.shift(); next !== undefined; next = todo.shift()) {
      const [number, point] = next
      const directory = join(parent, `trail-${number}`)
      const found: string[] = []
      for (let runs = 1, isKilled = false; !isKilled && found.length === 0; runs++) {
        rmSync(directory, { recursive: true, force: true })
        const lives = [...prepare(directory), await run(directory, point, failsSync)]
        isKilled = lives.at(-1)?.isKilled === true
        if (!isKilled && runs === mostRuns) found.push(`it did not die: ${lives.at(-1)?.errors}`)
        found.push(...(await faultsAfter(directory, lives).catch((error: unknown) => [String(error)])))
      }
      if (found.length > 0)
        faults.push(`${point.when} ${point.name} ${point.occurrence}: ${found.slice(0, 5).join('\n  ')}`)
      rmSync(directory, { recursive: true })
    }
  }
  await Promise.all([work(), work(), work()])
  return faults
}

describe('a process that dies at an operation on the disk', { timeout: 1_200_000 }, () => {
  test('while it makes, uses and closes a trail, loses nothing that it had promised', async () => {
    const whole = await run(join(temporaryDirectory(), 'trail'))
    expect(whole.errors).toBe('')
    const points = pointsOf(whole.said)
    expect(points.length).toBeGreaterThan(60)
    expect(await faultsOf(points, () => [])).toEqual([])
  })

  test('while it gets over a failed sync, loses nothing that it had promised', async () => {
    const { said } = await run(join(temporaryDirectory(), 'trail'), undefined, true)
    const started = said.findIndex(([what]) => what === 'given')
    const points = pointsOf(said).filter(({ name }) => /segment/.test(name))
    expect(said.slice(started)).toContainEqual(['did', 'control/segment.create'])
    expect(await faultsOf(points, () => [], true)).toEqual([])
  })

  test('while it mends a trail, loses nothing of it', async () => {
    const parent = temporaryDirectory()
    const broken = join(parent, 'broken')
    const life = await run(broken, { name: 'segments.write', occurrence: 5, when: 'after' })
    expect(life.isKilled).toBe(true)
    breakIt(broken)
    const copy = (directory: string): readonly Ended[] => {
      cpSync(broken, directory, { recursive: true })
      return [life]
    }
    const mending = join(parent, 'mending')
    copy(mending)
    const { said } = await run(mending)
    const points = pointsOf(
      said.slice(
        0,
        said.findIndex(([what]) => what === 'given'),
      ),
    )
    expect(points.length).toBeGreaterThan(20)
    expect(await faultsOf(points, copy)).toEqual([])
  })
})

/** A torn line, a file half made, a tile that is gone and one that is wrong, a file that nobody knows. */
function breakIt(directory: string): void {
  const segments = readdirSync(join(directory, 'segments')).sort()
  appendFileSync(join(directory, 'segments', segments.at(-1) as string), '{"id":"019ab000-0000-7000')
  writeFileSync(join(directory, 'control', 'checkpoint'), 'example.org')
  writeFileSync(join(directory, 'stray'), 'who knows')
  const tiles = join(directory, 'tile', '0')
  if (existsSync(tiles)) rmSync(tiles, { recursive: true })
}
