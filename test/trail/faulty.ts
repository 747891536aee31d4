/*
 * A real server whose trail is on a disk with faults, what its clients saw, and what the trail says of it. Time passes by the test's own clock, and
 * not while the disk is at work, however slow it is.
 *
 *   const seen = await askUnderFaults({ guarantee: 'durable', onFailure: 'open', faults: [{ name: 'segments.datasync', code: 'EIO' }] })
 *   expect(seen.faults).toEqual([])
 */
import http from 'node:http'
import { join } from 'node:path'
import { vi } from 'vitest'
import { nodeAudit } from '../../src/adapters/node.ts'
import { openAuditLog } from '../../src/audit-log/create-audit-log.ts'
import { resolveSettings } from '../../src/audit-log/resolve-settings.ts'
import { disk } from '../../src/trail/disk.ts'
import { openTrail } from '../../src/trail/trail.ts'
import { verifyTrail } from '../../src/verify/verify-trail.ts'
import { type Around, operated, systemError } from '../support/disk-operations.ts'
import { listen } from '../support/hold-control.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { filesOf, type Line, linesOfTrail } from '../support/trail-lines.ts'
import { key, origin, verifierKey } from './served.ts'

/** An operation that fails from its `first` occurrence on (default 1, counted since the trail is open), `count` times (default 1). */
export interface Fault {
  readonly name: string
  /** The system's error, or `short`: only a part is written. */
  readonly code: 'EIO' | 'ENOSPC' | 'EDQUOT' | 'short'
  readonly first?: number
  readonly count?: number
}

export interface Asked {
  readonly guarantee: 'written' | 'durable' | 'recorded-first'
  readonly onFailure: 'open' | 'closed'
  readonly faults: readonly Fault[]
}

export interface Answers {
  /** What is wrong, as sentences. */
  readonly faults: readonly string[]
  readonly hits: number
  /** How many answers came whose record is not there; how many were refused or cut. */
  readonly lost: number
  readonly refused: number
}

export type Answer = 'answered' | 'refused' | 'cut'

/** Asks in rounds, between which time passes, while faults come and go. */
export async function askUnderFaults({ guarantee, onFailure, faults }: Asked): Promise<Answers> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
  try {
    const directory = join(temporaryDirectory(), 'trail')
    const { around, arm, disarm, hits, isBusy } = faultyDisk(faults)
    const passing = <Value>(promise: Promise<Value>): Promise<Value> => timePassing(promise, isBusy)
    const pass = async (ms: number): Promise<void> => {
      while (isBusy()) await turn()
      await vi.advanceTimersByTimeAsync(ms)
    }
    const reports: string[] = []
    const onError = (error: { code: string }): unknown => reports.push(error.code)
    const settings = { trail: { directory, key, origin }, guarantee, onFailure, logHandler: [], onError }
    const audit = openAuditLog(resolveSettings(settings, {}), {
      trail: (parts) => openTrail({ ...parts, disk: operated(disk, directory, around) }),
    })
    await passing(audit.ready)
    const handler = nodeAudit(audit)((_req, res) => res.end('an answer'))
    const { server, port, close } = await listen(http.createServer(handler))
    const answers = new Map<string, Answer>()
    const round = async (name: string): Promise<void> => {
      const ids = Array.from({ length: 5 }, (_, number) => `${name}-${number}`)
      await passing(Promise.all(ids.map(async (id) => answers.set(id, await ask(port, id)))))
      await pass(300)
    }
    await round('before')
    arm()
    for (let number = 0; number < 10; number++) await round(`during${number}`)
    // Checkpoints are made beside the answers.
    for (let number = 10; hits() === 0 && number < 30; number++) await round(`during${number}`)
    disarm()
    for (let wait = 0; audit.health().trail?.state !== 'ok' && wait < 100; wait++) await pass(500)
    await round('after')
    await passing(audit.flush())
    const { counters } = audit.health()
    await passing(audit.close())
    server.closeAllConnections()
    await close()
    const lines = linesOfTrail(filesOf(directory))
    const found = compare(lines, answers, onFailure, counters, guarantee === 'recorded-first')
    const { verdict, faults: failures } = await verifyTrail(directory, { keys: [verifierKey] })
    if (verdict !== 'passed') found.faults.push(`verify: ${JSON.stringify(failures)}`)
    if (found.faults.length > 0) found.faults.push(`reported: ${[...new Set(reports)].join(', ')}`)
    return { ...found, hits: hits() }
  } finally {
    vi.useRealTimers()
  }
}

function faultyDisk(faults: readonly Fault[]) {
  const occurrences = new Map<string, number>()
  let isArmed = false
  let hits = 0
  let underWay = 0
  const around: Around = (operation, run) => {
    const result = faulty(operation, run)
    if (result instanceof Promise) {
      underWay++
      const ended = (): void => {
        underWay--
      }
      result.then(ended, ended)
    }
    return result
  }
  const faulty: Around = (operation, run) => {
    if (!isArmed) return run()
    const occurrence = (occurrences.get(operation.name) ?? 0) + 1
    occurrences.set(operation.name, occurrence)
    const fault = faults.find(
      ({ name, first = 1, count = 1 }) => name === operation.name && occurrence >= first && occurrence < first + count,
    )
    if (fault === undefined) return run()
    hits++
    if (fault.code !== 'short') throw systemError(fault.code, operation.name)
    const { bytes = Buffer.alloc(0), write } = operation
    return write?.(bytes.subarray(0, Math.ceil(bytes.length / 2))) as ReturnType<typeof run>
  }
  return {
    around,
    hits: () => hits,
    isBusy: () => underWay > 0,
    arm() {
      isArmed = true
    },
    disarm() {
      isArmed = false
    },
  }
}

export function compare(
  lines: readonly Line[],
  answers: ReadonlyMap<string, Answer>,
  onFailure: 'open' | 'closed',
  counters: { readonly lost: number; readonly refused: number },
  hasIntents = false,
): { faults: string[]; lost: number; refused: number } {
  const faults: string[] = []
  const records = new Map<string, number>()
  const intents = new Set<string>()
  const said = { lost: 0, refused: 0 }
  for (const { record, text } of lines) {
    const { kind, request_id: id, gap } = record
    if (kind === 'intent') intents.add(/\bid=([\w-]+)/.exec(text)?.[1] ?? '')
    if (kind === undefined && id !== undefined) records.set(id, (records.get(id) ?? 0) + 1)
    said.lost += gap?.lost ?? 0
    said.refused += gap?.refused ?? 0
  }
  const seen = { lost: 0, refused: 0 }
  for (const [id, answer] of answers) {
    const count = records.get(id) ?? 0
    if (count > 1) faults.push(`${id} has ${count} records`)
    if (answer !== 'answered') seen.refused++
    else if (count === 0) seen.lost++
    // An intent is a record of its own.
    if (answer === 'answered' && hasIntents && !intents.has(id)) seen.lost++
    if (answer !== 'answered' && onFailure === 'open') faults.push(`${id} was ${answer}`)
    if (answer === 'answered' && count === 0 && onFailure === 'closed') faults.push(`${id} was answered and is lost`)
  }
  const stop = lines.at(-1)?.record.stop
  for (const what of ['lost', 'refused'] as const) {
    const counts = { clients: seen[what], gaps: said[what], health: counters[what], stop: stop?.[what] }
    if (new Set(Object.values(counts)).size > 1) faults.push(`${what}: ${JSON.stringify(counts)}`)
  }
  return { faults, ...seen }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Lets time pass, but while the disk is at work, until something has happened. */
async function timePassing<Value>(promise: Promise<Value>, isBusy: () => boolean): Promise<Value> {
  let isDone = false
  const done = (): void => {
    isDone = true
  }
  promise.then(done, done)
  for (let turns = 1; !isDone; turns++) {
    await turn()
    if (turns % 50 === 0 && !isBusy()) await vi.advanceTimersByTimeAsync(10)
  }
  return promise
}

export function ask(port: number, id: string): Promise<Answer> {
  return new Promise((resolve) => {
    const options = { port, path: `/?id=${id}`, host: '127.0.0.1', agent: false, headers: { 'x-request-id': id } }
    const req = http.get(options, (res) => {
      res.resume()
      res.on('error', () => resolve('cut'))
      res.on('close', () => {
        const whole = res.complete ? (res.statusCode === 503 ? 'refused' : 'answered') : 'cut'
        resolve(whole)
      })
    })
    req.on('error', () => resolve('cut'))
  })
}
