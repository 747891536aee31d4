/*
 * A process that opens a trail, uses every part of it once, and closes it; or dies at one operation on the disk. Its argument is a `ChildSettings`
 * as JSON. On standard output, a line for each thing that it promised: `given <line>`, `written <id>`, `durable <id>`, `begun <exchange>`; and
 * `did <operation>` for each that changes the disk.
 */
import { createPrivateKey } from 'node:crypto'
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { uuidv7 } from '../../../src/lib/uuid.ts'
import { SealedRecord } from '../../../src/record/sealed-record.ts'
import { disk } from '../../../src/trail/disk.ts'
import { openTrail, type Trail } from '../../../src/trail/trail.ts'
import { type Around, isChange, operated, systemError } from '../../support/disk-operations.ts'
import { trailParts } from '../../support/trail-parts.ts'

export interface ChildSettings {
  readonly directory: string
  readonly key: string
  readonly origin: string
  /** Whether a sync fails on the way, with records that were written waiting for it. */
  readonly failsSync?: boolean
  /** Where it dies: an operation, which occurrence of it from 1 on, and whether before or after it. */
  readonly die?: { readonly name: string; readonly occurrence: number; readonly when: 'before' | 'after' }
}

const { directory, key, origin, die, failsSync = false } = JSON.parse(process.argv[2] as string) as ChildSettings

// What comes once a second comes in an instant.
const realTimeout = globalThis.setTimeout
globalThis.setTimeout = ((callback: () => void, ms = 0, ...rest: []) =>
  realTimeout(callback, ms / 50, ...rest)) as typeof setTimeout

const say = (what: string, value: string): void => void writeSync(1, `${what} ${value}\n`)

let failing = false
const occurrences = new Map<string, number>()
const around: Around = (operation, run) => {
  if (!isChange(operation)) return run()
  const { name } = operation
  if (failing && name === 'segments.datasync') {
    failing = false
    throw systemError('EIO', name)
  }
  const occurrence = (occurrences.get(name) ?? 0) + 1
  occurrences.set(name, occurrence)
  const isLast = die?.name === name && die.occurrence === occurrence
  if (isLast && die.when === 'before') process.kill(process.pid, 'SIGKILL')
  const result = run()
  const did = (): void => {
    if (isLast) process.kill(process.pid, 'SIGKILL')
    say('did', name)
  }
  if (!(result instanceof Promise)) did()
  return result instanceof Promise ? (result.finally(did) as typeof result) : result
}

const trail = openTrail({
  ...trailParts({ directory, key: createPrivateKey(key), origin }),
  report: (error) => say('report', `${error.code} ${error.message}`),
  syncTimeoutMs: 1_000_000,
  disk: operated(disk, directory, around),
})
await trail.ready
await use(trail)
await trail.close(500_000)

async function use(trail: Trail): Promise<void> {
  const keep = async (until: 'written' | 'durable', id?: string): Promise<void> => {
    const record = made({ type: 'INFO', message: 'x' }, id)
    await trail.append(record, until)
    say(until, record.id)
  }
  const begin = async (): Promise<string> => {
    const exchange = uuidv7(Date.now())
    const http_request = { method: 'GET', url: 'https://example.org/', user_agent: null }
    await trail.appendIntent(
      made({ kind: 'intent', exchange, http_request, user: { authenticated: false, roles: [], ip: null } }),
      exchange,
    )
    say('begun', exchange)
    return exchange
  }
  await Promise.all([keep('written'), keep('durable'), keep('written')])
  await begin()
  await keep('durable', await begin())
  if (failsSync) {
    failing = true
    for (let count = 0; count < 3; count++) await keep('written')
    await keep('durable')
  }
  // More than a tile, so that there are full ones as well.
  await Promise.all(Array.from({ length: 260 }, () => keep('written')))
  for (let wait = 0; trail.health().checkpoint < 260 && wait < 1_000; wait++) await sleep(5)
  await keep('durable')
}

function made(members: object, id: string = uuidv7(Date.now())): SealedRecord {
  const line = JSON.stringify({ id, time: new Date().toISOString(), logger: 'audit_log', ...members })
  say('given', line)
  return new SealedRecord(id, line)
}
