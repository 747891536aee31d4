import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Around, operated, systemError } from '../../test/support/disk-operations.ts'
import { noLock } from '../../test/support/opened.ts'
import { DiskState, diskOn } from '../../test/support/power-cut-disk.ts'
import { temporaryDirectory } from '../../test/support/temporary.ts'
import { eventually } from '../../test/support/time.ts'
import { filesOf, linesOfTrail } from '../../test/support/trail-lines.ts'
import { type Tried, type TriedSettings, triedTrail, verifierKey } from '../../test/support/tried-trail.ts'
import { verifyTrail } from '../verify/verify-trail.ts'
import { type Disk, disk } from './disk.ts'
import { takeLock } from './lock.ts'

const never = new Promise<never>(() => undefined)

/** A trail in a new directory of the real disk, or in that of a trail before. */
async function opened(settings: Partial<TriedSettings> = {}): Promise<Tried & { readonly directory: string }> {
  const tried = unopened(settings)
  await tried.trail.ready
  return tried
}

function unopened(settings: Partial<TriedSettings> = {}): Tried & { readonly directory: string } {
  const {
    directory = join(temporaryDirectory(), 'trail'),
    around,
    ...others
  } = settings as typeof settings & {
    around?: Around
  }
  const tried = triedTrail({ directory, takeLock, ...others })
  return Object.assign(tried, { directory })
}

/** A disk whose operations go through a function that can be exchanged. */
function watched(sound: Disk = disk): { on: (directory: string) => TriedSettings; around: Around } {
  const watch = {
    around: ((_, run) => run()) as Around,
    on: (directory: string): TriedSettings => ({
      directory,
      disk: operated(sound, directory, (operation, run) => watch.around(operation, run)),
    }),
  }
  return watch
}

/** The same in memory, where nothing takes any time that was not asked to: for limits that a real disk may reach. */
async function watchedInMemory() {
  const state = new DiskState()
  const sound = diskOn(state)
  await sound.mkdir('/srv')
  const directory = '/srv/trail'
  const watch = watched(sound)
  const filesIn = (path = ''): Map<string, Buffer | undefined> => new Map(state.files(`${directory}${path}`))
  return { watch, filesIn, settings: { ...watch.on(directory), takeLock: noLock, syncTimeoutMs: 30 } }
}

function newDirectory(): string {
  return join(temporaryDirectory(), 'trail')
}

const kindsIn = (directory: string): string[] =>
  linesOfTrail(filesOf(directory)).map(({ record }) => record.kind ?? 'record')

test('a trail that was used and closed begins with its start, ends with its stop, and passes verification', async () => {
  const { trail, append, begin, faults, handed, directory } = await opened()
  const exchange = await begin()
  await Promise.all([append('written', exchange), append('durable'), append('written')])
  await trail.close(60_000)
  const lines = linesOfTrail(filesOf(directory))
  expect(lines.map(({ record }) => record.kind)).toEqual(['start', 'intent', undefined, undefined, undefined, 'stop'])
  expect(lines.at(-1)?.record.stop).toEqual({ recorded: 3, lost: 0, refused: 0 })
  expect(handed).toEqual(lines.map(({ record }) => record.id))
  expect(faults(lines)).toEqual([])
  expect(await verifyTrail(directory, { keys: [verifierKey] })).toMatchObject({ verdict: 'passed', size: 6 })
  expect(trail.health()).toEqual({
    directory,
    state: 'closed',
    lock: null,
    size: 6,
    durableSize: 6,
    checkpoint: 6,
    error: null,
  })
})

test('what is appended in one turn is written with one call', async () => {
  const watch = watched()
  const { append, trail } = await opened(watch.on(newDirectory()))
  const writes: number[] = []
  watch.around = ({ name, bytes }, run) => {
    if (name === 'segments.write') writes.push(String(bytes).split('\n').length - 1)
    return run()
  }
  await Promise.all(Array.from({ length: 40 }, () => append('written')))
  expect(writes).toEqual([40])
  await trail.close(60_000)
})

test('until written waits for no sync; until durable for one that began after the write', async () => {
  const watch = watched()
  const { append, trail } = await opened(watch.on(newDirectory()))
  let sync = (): void => undefined
  const syncing = new Promise<void>((resolve) => {
    sync = resolve
  })
  let syncs = 0
  watch.around = ({ name }, run) =>
    name === 'segments.datasync' && syncs++ === 0 ? (syncing.then(run) as ReturnType<typeof run>) : run()
  const order: string[] = []
  const first = append('durable').then(() => order.push('first durable'))
  await eventually(() => expect(syncs).toBe(1))
  const later = append('durable').then(() => order.push('later durable'))
  await append('written')
  order.push('written')
  sync()
  await Promise.all([first, later])
  expect(order).toEqual(['written', 'first durable', 'later durable'])
  expect(syncs).toBe(2)
  await trail.close(60_000)
})

test('a record that nobody waits for is durable and proven a moment later', async () => {
  const { append, trail } = await opened()
  await append('written')
  expect(trail.health().durableSize).toBe(1)
  await eventually(() => expect(trail.health()).toMatchObject({ size: 2, durableSize: 2, checkpoint: 2 }))
  await append('written')
  await eventually(() => expect(trail.health()).toMatchObject({ durableSize: 3, checkpoint: 3 }))
  await trail.close(60_000)
})

test('after a death the trail goes on, says so, and names the requests that were interrupted', async () => {
  const watch = watched()
  const directory = newDirectory()
  const before = await opened(watch.on(directory))
  const [ended, interrupted] = [await before.begin(), await before.begin()]
  await before.append('durable', ended)
  watch.around = () => never as never
  const after = await opened({ directory, before, takeLock: async () => ({ kind: 'file', release: async () => {} }) })
  await after.append('written')
  await after.trail.close(60_000)
  const lines = linesOfTrail(filesOf(directory))
  expect(lines.slice(4).map(({ record }) => record.kind)).toEqual([
    'recovery',
    'interrupted',
    'start',
    undefined,
    'stop',
  ])
  expect(lines[4]?.record.recovery).toMatchObject({ size: 4, torn_bytes: 0, interrupted: 1 })
  expect(lines[5]?.record).toMatchObject({ exchange: interrupted, http_request: { method: 'GET' } })
  expect(after.faults(lines)).toEqual([])
  expect(readdirSync(join(directory, 'segments'))).toHaveLength(1)
})

test('a clean restart tells of no recovery, and goes on in the same file', async () => {
  const before = await opened()
  await before.append('written')
  await before.trail.close(60_000)
  const after = await opened({ directory: before.directory, before })
  await after.trail.close(60_000)
  expect(kindsIn(before.directory)).toEqual(['start', 'record', 'stop', 'start', 'stop'])
})

test('where a sync fails, all goes on in a new segment, which begins with the intents that are open', async () => {
  const watch = watched()
  const directory = newDirectory()
  const { append, begin, faults, handed, reports, trail } = await opened(watch.on(directory))
  const [open, ended] = [await begin(), await begin()]
  await append('durable', ended)
  await append('written')
  let fails = 1
  watch.around = ({ name }, run) => {
    if (name === 'segments.datasync' && fails-- > 0) throw systemError('EIO', 'fdatasync')
    return run()
  }
  expect(await append('durable')).toBe(true)
  expect(reports.map(({ code }) => code)).toEqual(['TRAIL_SYNC_FAILED'])
  await append('written', open)
  await trail.close(60_000)
  expect(readdirSync(join(directory, 'segments'))).toEqual(['000000000000.ndjson', '000000000004.ndjson'])
  const lines = linesOfTrail(filesOf(directory))
  expect(lines.map(({ record }) => record.kind ?? 'record').slice(3)).toEqual([
    'record',
    'intent',
    'record',
    'record',
    'record',
    'stop',
  ])
  expect(lines[4]?.record.exchange).toBe(open)
  expect(faults(lines)).toEqual([])
  expect(new Set(handed).size).toBe(handed.length)
  expect(await verifyTrail(directory, { keys: [verifierKey] })).toMatchObject({ verdict: 'passed' })
})

test('a file whose sync has failed is neither written nor synced any more', async () => {
  const watch = watched()
  const directory = newDirectory()
  const { append, trail } = await opened(watch.on(directory))
  await append('durable')
  const after: string[] = []
  let hasFailed = false
  watch.around = (operation, run) => {
    const { name, path } = operation
    if (path.endsWith('000000000000.ndjson') && hasFailed) after.push(name)
    if (name === 'segments.datasync' && !hasFailed) {
      hasFailed = true
      throw systemError('EIO', 'fdatasync')
    }
    return run()
  }
  await append('durable')
  await trail.close(60_000)
  expect(after.filter((name) => name !== 'segments.truncate' && name !== 'segments.close')).toEqual([])
})

test('a sync that returns after it was given up changes nothing', async () => {
  const { watch, filesIn, settings } = await watchedInMemory()
  const { append, faults, trail } = await opened(settings)
  await append('durable')
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  let hangs = 1
  watch.around = ({ name }, run) =>
    name === 'segments.datasync' && hangs-- > 0 ? (released.then(run) as ReturnType<typeof run>) : run()
  expect(await append('durable')).toBe(true)
  const { durableSize } = trail.health()
  release()
  await append('durable')
  expect(trail.health().durableSize).toBe(durableSize + 1)
  await trail.close(60_000)
  expect([...filesIn('/segments').keys()].sort()).toEqual(['000000000000.ndjson', '000000000002.ndjson'])
  expect(faults(linesOfTrail(filesIn()))).toEqual([])
})

test.each([
  [
    'a sync that does not answer',
    'segments.datasync',
    (): unknown => never,
    'TRAIL_SYNC_FAILED',
    'not answer within 30 ms',
  ],
  ['a write that takes nothing', 'segments.write', (): unknown => 0, 'TRAIL_WRITE_FAILED', 'took no byte'],
] as const)('%s is told as just that', async (_, name, answer, code, text) => {
  const { watch, settings } = await watchedInMemory()
  const { append, reports, trail } = await opened(settings)
  let times = 1
  watch.around = (operation, run) =>
    operation.name === name && times-- > 0 ? (answer() as ReturnType<typeof run>) : run()
  await append('durable')
  expect(reports[0]).toMatchObject({ code, message: expect.stringContaining(text) })
  await trail.close(100)
})

test('while the disk is full records are refused at once; a gap record tells how many as soon as there is room', async () => {
  const watch = watched()
  const directory = newDirectory()
  const { append, faults, reports, trail } = await opened(watch.on(directory))
  await append('durable')
  const reserve = join(directory, 'reserve')
  expect(statSync(reserve).size).toBe(65_536)
  // Full, but for what the reserve gives back.
  watch.around = ({ name }, run) => {
    if (name === 'segments.write' && statSync(reserve).size > 0) throw systemError('ENOSPC', 'write')
    return run()
  }
  expect(await append('written')).toBe(false)
  expect(trail.health().state).toBe('failing')
  expect(trail.health().error).toContain('ENOSPC')
  expect(await append('durable')).toBe(false)
  await eventually(() => expect(trail.health().state).toBe('ok'))
  expect(trail.health().error).toBeNull()
  await append('durable')
  await trail.close(60_000)
  const lines = linesOfTrail(filesOf(directory))
  expect(lines.map(({ record }) => record.gap).find((gap) => gap !== undefined)).toMatchObject({ lost: 2, refused: 0 })
  expect(reports.map(({ code }) => code)).toEqual(['TRAIL_WRITE_FAILED'])
  expect(faults(lines)).toEqual([])
})

test('what a destination of the app missed is told while all is well, too', async () => {
  const { trail, directory } = await opened()
  trail.missed('refused', 'a reason')
  trail.missed('lost', 'another reason')
  await trail.flush()
  await trail.close(60_000)
  const [gap, none] = linesOfTrail(filesOf(directory)).flatMap(({ record }) => record.gap ?? [])
  expect(gap).toMatchObject({ lost: 1, refused: 1, reason: 'another reason' })
  expect(none).toBeUndefined()
})

test('a segment that somebody deletes is noticed before anything in it is called durable', async () => {
  const { append, reports, trail, directory } = await opened()
  await append('durable')
  rmSync(join(directory, 'segments/000000000000.ndjson'))
  expect(await append('durable')).toBe(true)
  expect(reports.map(({ code }) => code)).toEqual(['TRAIL_PATH_CHANGED'])
  await trail.close(60_000)
  expect(readdirSync(join(directory, 'segments'))).toEqual(['000000000002.ndjson'])
})

test('a directory that is moved away is noticed; when it is back all goes on, nothing lost', async () => {
  const { append, faults, trail, directory } = await opened()
  await append('durable')
  renameSync(directory, `${directory}-moved`)
  expect(await append('durable')).toBe(false)
  mkdirSync(join(directory, 'segments'), { recursive: true })
  expect(trail.health()).toMatchObject({ state: 'failing' })
  expect(await append('durable')).toBe(false)
  rmSync(directory, { recursive: true })
  renameSync(`${directory}-moved`, directory)
  await eventually(() => expect(trail.health().state).toBe('ok'))
  expect(await append('durable')).toBe(true)
  await trail.close(60_000)
  expect(faults(linesOfTrail(filesOf(directory)))).toEqual([])
})

test('tiles and checkpoints that fail keep nobody waiting, are told, and are made later', async () => {
  const watch = watched()
  const { append, reports, trail } = await opened(watch.on(newDirectory()))
  watch.around = ({ name }, run) => {
    if (name === 'tile.rename') throw systemError('EIO', 'rename')
    return run()
  }
  expect(await append('durable')).toBe(true)
  await eventually(() => expect(trail.health().error).toContain('EIO'))
  expect(reports.map(({ code }) => code)).toContain('TRAIL_CHECKPOINT_FAILED')
  expect(trail.health()).toMatchObject({ state: 'ok', durableSize: 2, checkpoint: 1 })
  watch.around = (_, run) => run()
  await eventually(() => expect(trail.health()).toMatchObject({ checkpoint: 2, error: null }))
  await trail.close(60_000)
})

test('a checkpoint is signed only of what is durable, at most once a second', async () => {
  const watch = watched()
  const directory = newDirectory()
  const since = performance.now()
  const { append, trail } = await opened(watch.on(directory))
  const made: { size: number; durable: number }[] = []
  watch.around = ({ name, bytes }, run) => {
    if (name === 'control/checkpoint.write') {
      made.push({
        size: Number(String(bytes).split('\n')[1]),
        durable: trail.health().durableSize,
      })
    }
    return run()
  }
  while (made.length < 2) await append('durable')
  // The first was made when the trail was opened; timers may be early by a millisecond.
  expect(made.length).toBeLessThanOrEqual((performance.now() - since) / 998)
  expect(made.filter(({ size, durable }) => size > durable)).toEqual([])
  await trail.close(60_000)
  expect(await verifyTrail(directory, { keys: [verifierKey] })).toMatchObject({ verdict: 'passed' })
})

test('a quiet trail has a heartbeat', async () => {
  const { trail, directory } = await opened({ heartbeatMs: 20 })
  await eventually(() => expect(trail.health().durableSize).toBeGreaterThan(2))
  await trail.close(60_000)
  expect(kindsIn(directory).slice(0, 3)).toEqual(['start', 'heartbeat', 'heartbeat'])
})

test('a trail that another writer has is opened as soon as that one is gone', async () => {
  const first = await opened()
  const second = unopened({ directory: first.directory })
  await expect(second.trail.ready).rejects.toMatchObject({ code: 'TRAIL_LOCKED' })
  expect(second.trail.health()).toMatchObject({ state: 'failing', lock: null })
  expect(await second.append('written')).toBe(false)
  await first.trail.close(60_000)
  await eventually(() => expect(second.trail.health()).toMatchObject({ state: 'ok', error: null }))
  expect(await second.append('durable')).toBe(true)
  await second.trail.close(60_000)
  expect(kindsIn(first.directory)).toEqual(['start', 'stop', 'start', 'gap', 'record', 'stop'])
})

test('records that come before the trail is open wait for it', async () => {
  const tried = unopened()
  const kept = Promise.all([tried.append('written'), tried.append('durable')])
  expect(tried.trail.health().state).toBe('opening')
  expect(await kept).toEqual([true, true])
  await tried.trail.close(60_000)
  expect(kindsIn(tried.directory)).toEqual(['start', 'record', 'record', 'stop'])
})

test('a directory that goes away while it is opened is told, and opened when it is back', async () => {
  const watch = watched()
  const directory = newDirectory()
  let goesAway = 1
  let isMended = false
  watch.around = ({ name }, run) => {
    isMended ||= name === 'segments.syncDirectory'
    return name === 'root.stat' && isMended && goesAway-- > 0 ? (Promise.resolve() as ReturnType<typeof run>) : run()
  }
  const { reports, trail } = unopened(watch.on(directory))
  await expect(trail.ready).rejects.toMatchObject({ code: 'TRAIL_PATH_CHANGED' })
  expect(reports.map(({ message }) => message)).toEqual([expect.stringContaining('the directory is gone')])
  await eventually(() => expect(trail.health().state).toBe('ok'))
  await trail.close(60_000)
})

test('a directory that cannot be made is told, and made when it can be', async () => {
  const directory = join(temporaryDirectory(), 'missing/trail')
  const tried = unopened({ directory })
  const waiting = tried.append('written')
  await expect(tried.trail.ready).rejects.toMatchObject({ code: expect.stringMatching(/^TRAIL_/) })
  expect(await waiting).toBe(false)
  mkdirSync(join(directory, '..'))
  await eventually(() => expect(tried.trail.health().state).toBe('ok'))
  await tried.trail.close(60_000)
  expect(kindsIn(directory)).toEqual(['start', 'gap', 'stop'])
})

test('more than 64 MiB do not wait', async () => {
  const watch = watched()
  const { append, trail } = await opened(watch.on(newDirectory()))
  watch.around = ({ name }, run) => (name === 'segments.datasync' ? (never as never) : run())
  const id = 'x'.repeat(1_048_576)
  const many = Array.from({ length: 66 }, () => append('written', id))
  const kept = (await Promise.all(many)).filter(Boolean).length
  expect(kept).toBe(63)
  await trail.close(10)
})

test('closing twice, or while the trail opens, ends once', async () => {
  const tried = unopened()
  const waiting = tried.append('durable')
  await Promise.all([tried.trail.close(60_000), tried.trail.close(60_000)])
  expect(await waiting).toBe(true)
  expect(kindsIn(tried.directory)).toEqual(['start', 'record', 'stop'])
  await expect(tried.trail.append({ id: 'a', line: '{}' } as never, 'written')).rejects.toMatchObject({
    code: 'TRAIL_CLOSED',
  })
  await tried.trail.flush()
  tried.trail.endSync()
})

test.each(['segments.datasync', 'control/checkpoint.datasync', 'tile.rename', 'segments.stat', 'checkpoint.rename'])(
  'a disk that hangs at %s does not keep close waiting for longer than it is told',
  async (name) => {
    const watch = watched()
    const { append, trail } = await opened(watch.on(newDirectory()))
    watch.around = (operation, run) => (operation.name === name ? (never as never) : run())
    const waiting = append('durable')
    await trail.close(100)
    expect(trail.health().state).toBe('closed')
    // Kept or not, it was told.
    await waiting
  },
)

test('closing while the trail is failing keeps what was promised, if the disk is back', async () => {
  const watch = watched()
  const directory = newDirectory()
  const { append, faults, trail } = await opened(watch.on(directory))
  await append('written')
  watch.around = ({ name }, run) => {
    if (name === 'segments.datasync' || name === 'control/segment.create') throw systemError('EIO', 'fdatasync')
    return run()
  }
  expect(await append('durable')).toBe(false)
  expect(trail.health().state).toBe('failing')
  watch.around = (_, run) => run()
  await trail.close(60_000)
  const lines = linesOfTrail(filesOf(directory))
  expect(lines.map(({ record }) => record.kind ?? 'record')).toEqual(['start', 'record', 'gap', 'stop'])
  expect(faults(lines)).toEqual([])
})

test('at the end of the process all that waits is written and synced, in the same turn', async () => {
  const watch = watched()
  const directory = newDirectory()
  const { given, trail } = await opened(watch.on(directory))
  const operations: string[] = []
  watch.around = ({ name }, run) => {
    operations.push(name)
    return run()
  }
  const line = '{"id":"a","time":"2026-11-25T09:00:00.000Z"}'
  given.set('a', line)
  void trail.append({ id: 'a', line } as never, 'written')
  trail.missed('lost', 'a reason')
  trail.endSync()
  expect(operations).toEqual(['segments.write', 'segments.datasyncSync'])
  expect(kindsIn(directory)).toEqual(['start', 'record', 'gap'])
  await trail.close(60_000)
})

test('a stop finds the lock free for the next', async () => {
  const { trail, directory } = await opened()
  await trail.close(60_000)
  const lock = await takeLock(join(directory, 'lock'))
  await lock.release()
  expect(existsSync(join(directory, 'control'))).toBe(true)
  expect(readdirSync(join(directory, 'control'))).toEqual([])
  expect(readFileSync(join(directory, 'checkpoint'), 'utf8').split('\n')[1]).toBe('2')
})
