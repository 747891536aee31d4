/*
 * A disk whose operations fail, each in its turn: what was acknowledged is in the trail afterwards, once and in order, and what was not is told.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, vi } from 'vitest'
import type { Disk } from '../../src/trail/disk.ts'
import { verifyTrail } from '../../src/verify/verify-trail.ts'
import { isChange, type Operation, operated, systemError } from '../support/disk-operations.ts'
import { DiskState, diskOn } from '../support/power-cut-disk.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { eventually } from '../support/time.ts'
import { linesOfTrail } from '../support/trail-lines.ts'
import { type Tried, triedTrail, verifierKey } from '../support/tried-trail.ts'

/** A system's error; `short` writes a part; what `hangs` is done when the disk is sound again. */
export type Fault = 'EIO' | 'ENOSPC' | 'EDQUOT' | 'short' | 'hangs'

export interface Outcome {
  /** The operations that changed the disk while faults could come. */
  readonly operations: readonly string[]
  readonly broken: readonly string[]
}

/** Which fault the operation has, if any; `index` counts those that change the disk. */
export type FaultAt = (operation: Operation, index: number) => Fault | undefined

const directory = '/srv/trail'
/** A trail on a disk in memory that fails for a while, in the middle of some fifty records. */
export async function runWith(until: 'written' | 'durable', faultAt: FaultAt, rounds = 16): Promise<Outcome> {
  const state = new DiskState()
  const sound = diskOn(state)
  await sound.mkdir('/srv')
  const operations: string[] = []
  let isArmed = false
  let heal = (): void => undefined
  const healed = new Promise<void>((resolve) => {
    heal = resolve
  })
  const faulty = operated(sound, directory, (operation, run) => {
    if (!isArmed || !isChange(operation)) return run()
    operations.push(operation.name)
    return failing(faultAt(operation, operations.length - 1), operation, run, healed)
  })
  const tried = triedTrail({ directory, disk: faulty, syncTimeoutMs: 40 })
  await tried.trail.ready
  // It stays open, so that each new segment begins with it.
  await tried.begin()
  isArmed = true
  for (let round = 0; round < rounds; round++) await work(tried, until, round)
  // Faults go on to come while the trail tries again, but not for ever.
  await vi.waitFor(() => expect(tried.trail.health().state).toBe('ok'), { timeout: 800 }).catch(() => undefined)
  isArmed = false
  heal()
  await eventually(() => expect(tried.trail.health().state).toBe('ok'))
  const broken: string[] = []
  if (!(await tried.append('durable'))) broken.push('nothing is kept after the disk was sound again')
  await tried.trail.close(60_000)
  return { operations, broken: [...broken, ...(await brokenPromises(tried, state, sound))] }
}

async function work(tried: Tried, until: 'written' | 'durable', round: number): Promise<void> {
  const exchange = round % 5 === 0 ? await tried.begin() : undefined
  await Promise.all([tried.append(until, exchange), tried.append('written'), tried.append(until)])
  if (round % 4 === 3) await tried.trail.flush()
}

function failing<Result>(
  fault: Fault | undefined,
  { what, bytes }: Operation,
  run: () => Result,
  healed: Promise<void>,
): Result {
  if (fault === undefined) return run()
  if (fault === 'hangs') return what === 'write' ? run() : (healed.then(run) as Result)
  // What a write that failed has left may be all of it.
  if (what === 'write' && fault !== 'short') run()
  if (fault !== 'short') throw systemError(fault, what)
  return bytes === undefined ? run() : (shortWrite(run) as Result)
}

/** The disk in memory writes all of it; what is said to be less is written again. */
function shortWrite(run: () => unknown): number {
  return Math.max(1, Math.floor(Number(run()) / 3))
}

async function brokenPromises(tried: Tried, state: DiskState, sound: Disk): Promise<string[]> {
  const lines = linesOfTrail(new Map(state.files(directory)))
  const broken = [...tried.faults(lines)]
  const seen = new Set<string>()
  for (const [path] of state.files(`${directory}/segments`)) {
    const first = Number.parseInt(path, 10)
    const isHeaded = lines[first]?.record.kind === 'intent' && lines[first + 1]?.record.id !== lines[first]?.record.id
    if (first > 1 && !isHeaded) broken.push(`segment ${path} does not begin with the open intent, once`)
  }
  const inOrder = lines.map(({ record }) => record.id).filter((id) => !seen.has(id) && seen.add(id))
  if (inOrder.join() !== tried.handed.join())
    broken.push('what was handed over is not what is in the file, in its order')
  const told = lines.reduce((sum, { record }) => sum + (record.gap?.lost ?? 0), 0)
  if (told !== tried.lost) broken.push(`${tried.lost} records were lost, gap records tell of ${told}`)
  if (lines.at(-1)?.record.kind !== 'stop') broken.push('the last record is no stop')
  const verdict = await verdictOn(state)
  if (verdict.verdict !== 'passed') broken.push(...verdict.faults.map(({ text }) => text))
  const again = triedTrail({ directory, disk: sound, before: tried })
  await again.trail.ready
  await again.trail.close(60_000)
  const { directory: reopened } = again.trail.health()
  if (reopened !== directory || again.reports.length > 0) broken.push(`reopened in ${reopened}: ${again.reports}`)
  broken.push(...again.faults(linesOfTrail(new Map(state.files(directory)))))
  return broken
}

async function verdictOn(state: DiskState): ReturnType<typeof verifyTrail> {
  const copy = temporaryDirectory()
  for (const [path, bytes] of state.files(directory)) {
    if (bytes === undefined) mkdirSync(join(copy, path), { recursive: true })
    else {
      mkdirSync(dirname(join(copy, path)), { recursive: true })
      writeFileSync(join(copy, path), bytes)
    }
  }
  return verifyTrail(copy, { keys: [verifierKey] })
}

/** Runs with a fault for each of the operations that `pick` takes, all at the same time, and expects that no promise was broken. */
export async function expectPromisesKept(
  until: 'written' | 'durable',
  rounds: number,
  pick: (operation: string, index: number) => boolean,
  faultFrom: (picked: number) => FaultAt,
): Promise<void> {
  const { operations } = await runWith(until, () => undefined, rounds)
  const picked = operations.flatMap((operation, index) => (pick(operation, index) ? [index] : []))
  const outcomes = await Promise.all(picked.map((index) => runWith(until, faultFrom(index), rounds)))
  const broken = outcomes.flatMap((outcome, place) => {
    const index = picked[place] as number
    return outcome.broken.map((fault) => `operation ${index}, ${operations[index]}: ${fault}`)
  })
  expect(broken).toEqual([])
  expect(picked.length).toBeGreaterThan(1)
}
