/*
 * A run of a trail on a disk that knows what survives a power cut, and the states that such a cut may leave at any point of it.
 *
 *   const run = await recordRun({ seed: 1 })
 *   for (const moment of momentsOf(run)) …      // after each change: the disk, and what had been promised by then
 *   await recover(moment.disk.survivor(cut))    // opens the trail on what is left, and gives its lines
 */
import { generateKeyPairSync } from 'node:crypto'
import { vi } from 'vitest'
import type { AuditError } from '../../src/lib/errors.ts'
import { uuidv7 } from '../../src/lib/uuid.ts'
import { SealedRecord } from '../../src/record/sealed-record.ts'
import type { Disk } from '../../src/trail/disk.ts'
import type { Lock } from '../../src/trail/lock.ts'
import { openTrail, type Trail } from '../../src/trail/trail.ts'
import { formatVerifierKey, verifierKeyOf } from '../../src/trail/verifier-key.ts'
import { type Around, isChange, type Operation, operated, systemError } from '../support/disk-operations.ts'
import { type Change, DiskState, diskOn, type PowerCut, randomOf, randomPowerCut } from '../support/power-cut-disk.ts'
import { type Line, linesOfTrail } from '../support/trail-lines.ts'
import { trailParts } from '../support/trail-parts.ts'

export const directory = '/srv/trail'
const origin = 'example.org/bicycles/audit'
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
export const verifierKey: string = formatVerifierKey(verifierKeyOf(origin, publicKey))

/** What becomes of the promises at this point of a run. */
type Mark =
  | { readonly mark: 'given'; readonly id: string; readonly line: string }
  | { readonly mark: 'written' | 'durable'; readonly id: string }
  | { readonly mark: 'begun'; readonly exchange: string }
  /** The trail is open again after the process died: all that it found is safe now. */
  | { readonly mark: 'reopened' }
  | { readonly mark: 'power cut' }

export type Journal = readonly (Change | Mark)[]

/** What had been promised at some point. */
export class Promises {
  readonly given: Map<string, string> = new Map()
  readonly written: Set<string> = new Set()
  readonly durable: Set<string> = new Set()
  readonly begun: Set<string> = new Set()

  note(mark: Mark): void {
    switch (mark.mark) {
      case 'given':
        this.given.set(mark.id, mark.line)
        break
      case 'begun':
        this.begun.add(mark.exchange)
        break
      case 'reopened':
        for (const id of this.written) this.durable.add(id)
        break
      case 'power cut':
        this.written.clear()
        break
      default:
        this[mark.mark].add(mark.id)
    }
  }
}

export interface Moment {
  /** How many changes were made before. */
  readonly change: number
  readonly disk: DiskState
  readonly promises: Promises
  /** What the last change was, for whoever reads of a fault. */
  readonly last: string
}

/** Every point of a run between two changes, from the first to the last; disk and promises are those of that moment. */
export function* momentsOf(journal: Journal): Generator<Moment> {
  const disk = new DiskState()
  const promises = new Promises()
  let change = 0
  let last = 'nothing'
  for (const step of journal) {
    if ('mark' in step) {
      promises.note(step)
      continue
    }
    // The promises made since the last change hold from there on.
    if (change >= setUp.length) yield { change, disk, promises, last }
    disk.apply(step)
    change++
    last = describe(step)
  }
  yield { change, disk, promises, last }
}

function describe(change: Change): string {
  const { type } = change
  if (type === 'write') return `write of ${change.bytes.length} bytes at ${change.position} to inode ${change.ino}`
  if (type === 'rename') return `rename of ${change.name} to ${change.toName}`
  return 'name' in change ? `${type} of ${change.name}` : 'ino' in change ? `${type}, inode ${change.ino}` : type
}

// The parent of the trail has been there for long.
const setUp: readonly Change[] = [
  { type: 'mkdir', parent: 1, name: 'srv' },
  { type: 'sync done', ino: 1, sync: -1 },
]

export interface RunSettings {
  readonly seed: number
  /** About how many records. */
  readonly records?: number
  /** What the disk does in place of what it is told. */
  readonly around?: Around
  /** The share of all changes that fail. */
  readonly faultRate?: number
}

/** Runs a trail through appends of every kind, checkpoints, a failed sync, a failed write, a reopening, a death and a power cut. */
export async function recordRun(settings: RunSettings): Promise<Journal> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
  try {
    const run = new Run(settings)
    await run.life(async (trail) => {
      await run.work(trail, 0.3)
      await trail.close(10_000)
    })
    await run.life(async (trail) => {
      await run.work(trail, 0.15)
      run.fail('segments.datasync')
      await run.write(trail, 5)
      await run.work(trail, 0.15)
    })
    run.cutPower()
    await run.life(async (trail) => {
      run.fail('segments.write')
      await run.work(trail, 0.2)
    })
    await run.life((trail) => run.work(trail, 0.2))
    return run.journal
  } finally {
    vi.useRealTimers()
  }
}

/** A process dies while no sync works, the next one finds its lines, and then the power fails. */
export async function recordDeathOnFailingDisk(settings: RunSettings): Promise<Journal> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
  try {
    const run = new Run(settings)
    await run.life(async (trail) => {
      await run.work(trail, 0.1)
      run.fail('segments.datasync', 1_000)
      run.fail('control/segment.create', 1_000)
      await run.write(trail, 5)
    })
    run.fail('segments.datasync', 0)
    run.fail('control/segment.create', 0)
    await run.life((trail) => run.work(trail, 0.1))
    return run.journal
  } finally {
    vi.useRealTimers()
  }
}

/** Several lives on a disk that fails now and then, each ended by a close, a death or a power cut. */
export async function recordChaos(settings: RunSettings & { readonly lives: number }): Promise<Journal> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
  const random = randomOf(settings.seed + 1)
  try {
    const run = new Run(settings)
    for (let life = 0; life < settings.lives; life++) {
      await run.life(async (trail) => {
        await run.work(trail, 1 / settings.lives)
        if (random() < 0.3) await settled(trail.close(10_000))
      })
      if (random() < 0.4) run.cutPower()
    }
    return run.journal
  } finally {
    vi.useRealTimers()
  }
}

class Run {
  readonly journal: (Change | Mark)[] = []
  readonly #state = new DiskState()
  readonly #settings: RunSettings
  readonly #random: () => number
  readonly #failing = new Map<string, number>()
  #records = 0
  #life = 0
  #isAlive = false
  #syncFails = false

  constructor(settings: RunSettings) {
    this.#settings = settings
    this.#random = randomOf(settings.seed)
    for (const change of setUp) {
      this.journal.push(change)
      this.#state.apply(change)
    }
  }

  /** Opens the trail, uses it, and leaves it as it is then: dead, unless it was closed. */
  async life(use: (trail: Trail) => Promise<void>): Promise<void> {
    const life = ++this.#life
    const alive = <Result>(run: () => Result): Result => {
      if (this.#isIn(life)) return run()
      throw systemError('EIO', 'the process is dead')
    }
    this.#isAlive = true
    const trail = openOn(
      operated(this.#disk(), directory, (operation, run) => alive(() => this.#around(operation, run))),
    )
    await settled(trail.ready)
    await trail.ready.then(
      () => this.#mark({ mark: 'reopened' }),
      () => undefined,
    )
    await use(trail)
    this.#isAlive = false
  }

  fail(name: string, count = 1): void {
    this.#failing.set(name, count)
  }

  cutPower(): void {
    const seed = Math.floor(this.#random() * 2 ** 32)
    const cut = (): PowerCut => randomPowerCut(randomOf(seed))
    const change: Change = { type: 'power cut', cut }
    this.journal.push(change, { mark: 'power cut' })
    this.#state.apply(change)
  }

  /** Appends this share of all records, a few in each turn, with pauses in which checkpoints are made. */
  async work(trail: Trail, share: number): Promise<void> {
    const waiting: Promise<unknown>[] = []
    const end = this.#records + Math.ceil(share * (this.#settings.records ?? 150))
    while (this.#records < end) {
      for (let count = 1 + Math.floor(this.#random() * 3); count > 0; count--)
        waiting.push(this.#append(trail, this.#life))
      const pause = this.#random()
      if (pause < 0.5) await turns(1 + Math.floor(this.#random() * 4))
      else if (pause < 0.7) await vi.advanceTimersByTimeAsync(300)
      else if (pause < 0.85) await settled(Promise.all(waiting.splice(0)))
      else await vi.advanceTimersByTimeAsync(1_100)
    }
    await turns(5)
  }

  /** Appends records that are written and not synced at once, each in a turn of its own; then they are. */
  async write(trail: Trail, count: number): Promise<void> {
    for (let number = 0; number < count; number++) {
      void this.#keep(trail, this.#life, this.#record({}), 'written')
      await turns(2)
    }
    await vi.advanceTimersByTimeAsync(1_000)
  }

  async #append(trail: Trail, life: number): Promise<void> {
    this.#records++
    const kind = this.#random()
    if (kind < 0.25) await this.#exchange(trail, life, kind < 0.05)
    else await this.#keep(trail, life, this.#record({}), kind < 0.6 ? 'written' : 'durable')
  }

  /** An exchange that is recorded first; some never get to their end. */
  async #exchange(trail: Trail, life: number, isInterrupted: boolean): Promise<void> {
    const exchange = uuidv7(Date.now())
    const intent = this.#record({
      kind: 'intent',
      exchange,
      http_request: { method: 'GET', url: 'https://example.org/', user_agent: null },
      user: { authenticated: false, roles: [], ip: null },
    })
    try {
      await trail.appendIntent(intent, exchange)
    } catch {
      return
    }
    this.#mark({ mark: 'begun', exchange }, life)
    await turns(1 + Math.floor(this.#random() * 5))
    if (!isInterrupted && this.#isIn(life)) await this.#keep(trail, life, this.#record({}, exchange), 'durable')
  }

  async #keep(trail: Trail, life: number, record: SealedRecord, until: 'written' | 'durable'): Promise<void> {
    try {
      await trail.append(record, until)
      this.#mark({ mark: until, id: record.id }, life)
    } catch {
      // Not kept, and said so.
    }
  }

  #record(members: object, id: string = uuidv7(Date.now())): SealedRecord {
    const long = this.#random()
    const record = {
      id,
      time: new Date().toISOString(),
      logger: 'audit_log',
      ...members,
      ...('kind' in members
        ? {}
        : { type: 'INFO', message: 'x'.repeat(Math.floor(long < 0.9 ? long * 300 : long * 9000)) }),
    }
    const line = JSON.stringify(record)
    this.#mark({ mark: 'given', id, line })
    return new SealedRecord(id, line)
  }

  /** What a process that is dead by now was told, it could tell nobody. */
  #mark(mark: Mark, life: number = this.#life): void {
    if (this.#isIn(life)) this.journal.push(mark)
  }

  #isIn(life: number): boolean {
    return this.#isAlive && life === this.#life
  }

  #disk(): Disk {
    return diskOn(this.#state, {
      change: (change) => void this.journal.push(change),
      syncing: async () => {
        const fails = this.#syncFails
        await turns(1 + Math.floor(this.#random() * 3))
        if (fails) throw systemError('EIO', 'fdatasync')
      },
    })
  }

  readonly #around: Around = (operation, run) => {
    const failures = this.#failing.get(operation.name) ?? 0
    this.#failing.set(operation.name, failures - 1)
    // A sync that fails has begun, and what it should have kept may be lost for good.
    this.#syncFails = failures > 0 && /sync/i.test(operation.what)
    if (failures > 0 && !this.#syncFails) throw systemError('EIO', operation.name)
    if (isChange(operation) && this.#random() < (this.#settings.faultRate ?? 0))
      return this.#failAtRandom(operation, run)
    return this.#settings.around === undefined ? run() : this.#settings.around(operation, run)
  }

  #failAtRandom<Result>(operation: Operation, run: () => Result): Result {
    if (/sync/i.test(operation.what)) {
      this.#syncFails = true
      return run()
    }
    const { bytes = new Uint8Array(0), write } = operation
    if (this.#random() < 0.5) write?.(bytes.subarray(0, Math.floor(this.#random() * bytes.length)))
    throw systemError(this.#random() < 0.5 ? 'EIO' : 'ENOSPC', operation.name)
  }
}

const noLock = async (): Promise<Lock> => ({ kind: 'flock', release: async () => undefined })

/** A trail on a disk of its own. */
function openOn(disk: Disk, report: (error: AuditError) => void = () => undefined): Trail {
  return openTrail({ ...trailParts({ directory, key: privateKey, origin }), report, disk, takeLock: noLock })
}

export interface Recovered {
  readonly disk: DiskState
  readonly lines: readonly Line[]
  readonly reports: readonly string[]
}

/** Opens the trail on what is left of a disk, keeps one record, closes it again, and reads it. */
export async function recover(disk: DiskState, journal?: Change[], number = 1): Promise<Recovered> {
  const reports: string[] = []
  const trail = openOn(diskOn(disk, { change: (change) => void journal?.push(change) }), (error) =>
    reports.push(`${error.code}: ${error.message}`),
  )
  await trail.ready
  await trail.append(after(number), 'durable')
  await trail.close(10_000)
  return { disk, reports, lines: linesOfTrail(new Map(disk.files(directory))) }
}

/** What is recorded after a recovery. */
export function after(number = 1): SealedRecord {
  const id = `after-${number}`
  const record = { id, time: '2026-11-25T09:00:00.000Z', logger: 'audit_log', type: 'INFO', message: 'after' }
  return new SealedRecord(id, JSON.stringify(record))
}

export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

async function settled(promise: Promise<unknown>): Promise<void> {
  let isSettled = false
  promise.then(
    () => (isSettled = true),
    () => (isSettled = true),
  )
  for (let turn = 0; !isSettled; turn++) {
    if (turn > 10_000) throw new Error('the trail does not answer')
    await turns(1)
    if (turn % 20 === 19) await vi.advanceTimersByTimeAsync(100)
  }
}
