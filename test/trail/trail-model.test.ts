/*
 * A trail against a plain list: whatever is done to it in whatever order, its records are those that somebody was told are kept.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Disk } from '../../src/trail/disk.ts'
import { openReader } from '../../src/trail/read.ts'
import { type Around, operated, systemError } from '../support/disk-operations.ts'
import { DiskState, diskOn } from '../support/power-cut-disk.ts'
import { eventually } from '../support/time.ts'
import { linesOfTrail } from '../support/trail-lines.ts'
import { type Tried, triedTrail } from '../support/tried-trail.ts'

const directory = '/srv/trail'
const never = new Promise<never>(() => undefined)

/** What is known to be kept. */
interface Model {
  readonly kept: string[]
  isOpen: boolean
}

/** A trail on a disk in memory, over several lives of its process. */
class Lives {
  readonly state = new DiskState()
  readonly sound: Disk = diskOn(this.state)
  readonly #failing = new Set<string>()
  #life = 0
  tried: Tried | undefined

  async open(): Promise<void> {
    const life = ++this.#life
    const around: Around = (operation, run) => {
      // A process that died does nothing any more.
      if (life !== this.#life) return never as never
      if (this.#failing.delete(operation.name)) throw systemError('EIO', operation.what)
      return run()
    }
    const disk = operated(this.sound, directory, around)
    const { tried: before } = this
    this.tried = triedTrail({ directory, disk, syncTimeoutMs: 1_000, ...(before && { before }) })
    // A fault that is still to come may let the first opening fail.
    const { trail } = this.tried
    await trail.ready.catch(() => eventually(() => expect(trail.health()).toMatchObject({ state: 'ok' })))
  }

  die(): void {
    this.#life++
  }

  failNext(name: string): void {
    this.#failing.add(name)
  }

  check(model: Model): void {
    const lines = linesOfTrail(new Map(this.state.files(directory)))
    const kept = new Set(model.kept)
    expect(this.tried?.faults(lines)).toEqual([])
    // In the order in which they were appended, one after the other.
    expect(lines.map(({ record }) => record.id).filter((id) => kept.has(id))).toEqual(model.kept)
  }
}

type Command = fc.AsyncCommand<Model, Lives>

function command(name: string, whenOpen: boolean, run: (model: Model, lives: Lives) => Promise<void> | void): Command {
  return {
    check: ({ isOpen }) => isOpen === whenOpen,
    run: async (model, lives) => run(model, lives),
    toString: () => name,
  }
}

const append = (until: 'written' | 'durable'): Command =>
  command(`append ${until}`, true, async ({ kept }, { tried }) => {
    const before = new Set(tried?.kept)
    if (await tried?.append(until)) kept.push(...[...(tried?.kept ?? [])].filter((id) => !before.has(id)))
  })

const commands = [
  fc.constantFrom(append('written'), append('durable')),
  fc.constant(command('begin an exchange', true, async (_, { tried }) => void (await tried?.begin()))),
  fc.constant(command('flush', true, (_, { tried }) => tried?.trail.flush())),
  fc.constant(
    command('die', true, (model, lives) => {
      lives.die()
      model.isOpen = false
    }),
  ),
  fc.constant(
    command('close', true, async (model, lives) => {
      await lives.tried?.trail.close(60_000)
      lives.die()
      model.isOpen = false
    }),
  ),
  fc.constant(
    command('open', false, async (model, lives) => {
      await lives.open()
      model.isOpen = true
      expect(lives.tried?.trail.health().directory).toBe(directory)
      lives.check(model)
    }),
  ),
  fc
    .constantFrom(
      'segments.write',
      'segments.datasync',
      'control/segment.create',
      'segments.truncate',
      'checkpoint.rename',
    )
    .map((name) => command(`fail the next ${name}`, true, (_, lives) => lives.failNext(name))),
  fc.constant(
    command('read', true, async (model, lives) => {
      const reader = openReader(directory, lives.sound)
      const { durableSize } = lives.tried?.trail.health() ?? { durableSize: 0 }
      let read = 0
      for await (const lines of reader.tail(0, durableSize)) read += lines.length
      expect(read).toBe(durableSize)
      lives.check(model)
    }),
  ),
]

test('a trail is a list of what was kept, through failures and deaths', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { size: 'medium', maxCommands: 60 }), async (steps) => {
      const lives = new Lives()
      await lives.sound.mkdir('/srv')
      const model: Model = { kept: [], isOpen: false }
      await fc.asyncModelRun(() => ({ model, real: lives }), steps)
      if (!model.isOpen) await lives.open()
      await lives.tried?.trail.close(60_000)
      lives.check(model)
    }),
    { numRuns: 60 },
  )
})
