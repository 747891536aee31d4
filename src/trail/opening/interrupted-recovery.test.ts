import { appendFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { isChange, operated } from '../../../test/support/disk-operations.ts'
import { contentsOf, noLock, openAndLeave, trailPath } from '../../../test/support/opened.ts'
import { buildTrail, recordLines, segmentPathOf, writeKey } from '../../../test/support/trail-builder.ts'
import { disk } from '../disk.ts'

/** Opens a trail and dies at the change of this number, before it or after it. Gives whether there was one. */
async function openAndDie(directory: string, at: number, when: 'before' | 'after'): Promise<boolean> {
  let changes = 0
  const dying = operated(disk, directory, (operation, run) => {
    const isLast = isChange(operation) && ++changes === at
    // What came of it nobody lives to hear.
    if (isLast && when === 'after') Promise.resolve(run()).catch(() => undefined)
    // The system closes the files of who is dead.
    if (changes >= at && operation.what !== 'close') throw new Error('dead')
    return run()
  })
  const opened = await openAndLeave(directory, {}, { disk: dying, takeLock: noLock }).catch(() => undefined)
  return opened === undefined
}

/** A trail with something for each step of recovery. */
function damaged(): string {
  const lines = recordLines(600)
  const trail = buildTrail(trailPath(), { lines, segmentsAt: [0, 300], checkpointAt: 290, tail: 'none\n{"id":' })
  writeKey(trail)
  const at = (path: string): string => join(trail.directory, path)
  appendFileSync(at(segmentPathOf(0)), 'stray')
  writeFileSync(at('note'), 'a note')
  writeFileSync(at('segments/odd'), 'odd')
  mkdirSync(at('tile/odd'))
  rmSync(at('tile/0'), { recursive: true })
  mkdirSync(at('tile/0'))
  mkdirSync(at('tile/0/001.p'))
  writeFileSync(at('tile/0/001.p/200'), 'ahead')
  writeFileSync(at('control/checkpoint'), 'half')
  rmSync(at('damage'), { recursive: true })
  writeFileSync(at('damage'), 'in the way')
  return trail.directory
}

/** The name that makes way for a directory is random. */
function steady(text: string): string {
  return text.replace(/damage-[0-9a-f]{8}/g, 'damage-*')
}

async function outcome(directory: string): Promise<unknown> {
  const { damages, segment, tree, origin } = await openAndLeave(directory, {}, { takeLock: noLock })
  const contents = Object.entries(contentsOf(directory)).map(([path, bytes]) => [steady(path), bytes])
  return {
    damages: damages.map((damage) => JSON.parse(steady(JSON.stringify(damage)))),
    segment,
    size: tree.size,
    origin,
    contents,
  }
}

async function dieEverywhere(original: string, when: 'before' | 'after'): Promise<number> {
  const whole = `${original}-whole`
  copy(original, whole)
  const expected = await outcome(whole)
  for (let at = 1; ; at++) {
    const directory = `${original}-${at}`
    copy(original, directory)
    const died = await openAndDie(directory, at, when)
    expect(await outcome(directory), `died ${when} change ${at}`).toEqual(expected)
    if (!died) return at - 1
  }
}

function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true })
  cpSync(`${from}.key`, `${to}.key`)
}

it.each(['before', 'after'] as const)(
  'recovery can die %s any of its changes, and nothing is lost or untold',
  async (when) => {
    expect(await dieEverywhere(damaged(), when)).toBeGreaterThan(30)
  },
)

it.each(['before', 'after'] as const)('the making of a trail can die %s any of its changes', async (when) => {
  for (let at = 1; ; at++) {
    const directory = trailPath()
    const died = await openAndDie(directory, at, when)
    const opened = await openAndLeave(directory, { origin: 'example.org/new' }, { takeLock: noLock }).catch(
      (error: unknown) => error,
    )
    // Once trail.json is there, the name is that of the first start.
    if (opened instanceof Error) expect(opened).toMatchObject({ code: 'TRAIL_ORIGIN_DIFFERS' })
    expect(await openAndLeave(directory, {}, { takeLock: noLock }), `died ${when} change ${at}`).toMatchObject({
      notContinued: [],
      damages: [],
    })
    if (!died) return
  }
})

it.each(['before', 'after'] as const)('the making of a successor can die %s any of its changes', async (when) => {
  for (let at = 1; ; at++) {
    const trail = buildTrail(trailPath())
    writeKey(trail)
    rmSync(join(trail.directory, segmentPathOf(0)))
    const before = contentsOf(trail.directory)
    const died = await openAndDie(trail.directory, at, when)
    const opened = await openAndLeave(trail.directory, {}, { takeLock: noLock })
    expect(opened, `died ${when} change ${at}`).toMatchObject({ directory: `${trail.directory}.2`, damages: [] })
    expect(contentsOf(trail.directory)).toEqual(before)
    if (!died) return
  }
})
