/*
 * Cuts the power of a trail's disk after each change of a run, in several ways, and says what was wrong after the recovery.
 *
 *   expect(await faultsOf(await recordRun({ seed }), { seed })).toEqual([])
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { verifyTrail } from '../../src/verify/verify-trail.ts'
import type { Around } from '../support/disk-operations.ts'
import {
  type Change,
  type DiskState,
  everythingUnsynced,
  nothingUnsynced,
  onlyLaterPages,
  type PowerCut,
  randomOf,
  randomPowerCut,
} from '../support/power-cut-disk.ts'
import { faultsIn } from '../support/trail-lines.ts'
import { after, directory, type Journal, type Moment, momentsOf, recover, turns, verifierKey } from './power-cut-run.ts'

const maxFaults = 20

interface Cut {
  readonly name: string
  readonly cut: PowerCut
  /** Whether all that was handed to the system survives, as when the process is killed. */
  readonly isComplete?: boolean
  /** Cut off once more in recovery, after this share of its changes. */
  readonly again?: undefined | { readonly share: number; readonly cut: PowerCut }
}

export interface Cutting {
  readonly seed: number
  /** How many random cuts there are at each change. Default: 2. */
  readonly randomCuts?: number
  /** Verifies what was recovered after every so many changes. Default: never. */
  readonly verifyEvery?: number
  /** Cuts after every so many changes. Default: after each. */
  readonly every?: number
  /** Stops at a fault like this. */
  readonly until?: RegExp
}

function cutsAt(change: number, { seed, randomCuts = 2 }: Cutting): readonly Cut[] {
  const random = randomOf(seed + 1_000 * change)
  const twice = (cut: PowerCut): Cut['again'] => ({ share: random(), cut })
  const complete = { cut: everythingUnsynced, isComplete: true }
  return [
    { name: 'nothing that was not synced', cut: nothingUnsynced },
    { name: 'everything', ...complete },
    { name: 'everything, once more in recovery', ...complete, again: twice(everythingUnsynced) },
    { name: 'only later pages', cut: onlyLaterPages },
    ...Array.from({ length: randomCuts }, (_, number): Cut => {
      const cut = randomPowerCut(random)
      return { name: `random cut ${number}`, cut, ...(number % 2 === 1 ? { again: twice(cut) } : {}) }
    }),
  ]
}

/** Everything that is wrong after any cut of a run. */
export async function faultsOf(journal: Journal, cutting: Cutting): Promise<readonly string[]> {
  const { seed, verifyEvery = Number.POSITIVE_INFINITY, every = 1, until } = cutting
  const faults: string[] = []
  for (const moment of momentsOf(journal)) {
    if (moment.change % every !== 0) continue
    for (const cut of cutsAt(moment.change, cutting)) {
      const found = await faultsAfter(moment, cut, moment.change % verifyEvery === 0)
      if (found.length === 0) continue
      faults.push(`seed ${seed}, after change ${moment.change} (${moment.last}), ${cut.name}:\n  ${found.join('\n  ')}`)
      const isEnough = until === undefined ? faults.length === maxFaults : until.test(faults.at(-1) ?? '')
      if (isEnough) return faults
    }
  }
  return faults
}

/** What is wrong after a cut at this moment and the recovery that follows. */
async function faultsAfter(
  { disk, promises }: Moment,
  { cut, isComplete, again }: Cut,
  isVerified: boolean,
): Promise<readonly string[]> {
  const kept = [...promises.durable, ...(isComplete === true ? promises.written : []), after().id]
  const given = new Map(promises.given)
  for (const { id, line } of [after(), after(0)]) given.set(id, line)
  try {
    let survivor = disk.survivor(cut)
    if (again !== undefined) survivor = await cutInRecovery(survivor, again)
    const recovered = await recover(survivor)
    const refused = recovered.reports.filter((report) => /NOT_CONTINUED|OPEN_FAILED/.test(report))
    const faults = [...faultsIn(recovered.lines, { given, kept, begun: promises.begun }), ...refused]
    return isVerified ? [...faults, ...(await faultsOfVerification(recovered.disk))] : faults
  } catch (error) {
    return [String(error)]
  }
}

/** Lets a recovery begin on what survived, and cuts it off as well. */
async function cutInRecovery(survivor: DiskState, { share, cut }: NonNullable<Cut['again']>): Promise<DiskState> {
  const journal: Change[] = []
  const half = survivor.survivor(everythingUnsynced)
  await recover(survivor, journal, 0)
  for (const change of journal.slice(0, Math.floor(share * journal.length))) half.apply(change)
  return half.survivor(cut)
}

async function faultsOfVerification(disk: DiskState): Promise<readonly string[]> {
  const target = mkdtempSync(join(tmpdir(), 'griffier-'))
  try {
    for (const [path, bytes] of disk.files(directory)) {
      mkdirSync(bytes === undefined ? join(target, path) : dirname(join(target, path)), { recursive: true })
      if (bytes !== undefined) writeFileSync(join(target, path), bytes)
    }
    const { verdict, faults } = await verifyTrail(target, { keys: [verifierKey] })
    return verdict === 'passed' ? [] : [`verify: ${JSON.stringify(faults)}`]
  } finally {
    rmSync(target, { recursive: true })
  }
}

/** A trail that leaves out a sync which the format asks for. */
export function skipping(pattern: RegExp): Around {
  return (operation, run) => {
    const isLeftOut = /sync/i.test(operation.what) && pattern.test(operation.name)
    return isLeftOut ? (Promise.resolve() as ReturnType<typeof run>) : run()
  }
}

/** A trail that leaves out the syncs of its own directory once there are lines: those of the names of checkpoints. */
export function skippingNamesOfCheckpoints(): Around {
  const skip = skipping(/^root\.syncDirectory/)
  let hasLines = false
  return (operation, run) => {
    hasLines ||= operation.name === 'segments.write'
    return hasLines ? skip(operation, run) : run()
  }
}

/** A trail that goes on before a sync of its segment is done. */
export const tooEarly: Around = (operation, run) => {
  if (operation.name !== 'segments.datasync') return run()
  const sync = turns(3).then(run)
  sync.catch(() => undefined)
  return Promise.resolve() as ReturnType<typeof run>
}
