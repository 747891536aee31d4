/*
 * A trail in the hands of a test, and what was promised to its callers.
 *
 *   const tried = await tryTrail({ disk: diskOn(state), directory: '/srv/trail' })
 *   await tried.append('durable')             // false where it was rejected
 *   tried.faults(linesOfTrail(files))         // [] where every promise was kept
 */
import { generateKeyPairSync } from 'node:crypto'
import { systemClock } from '../../src/lib/clock.ts'
import type { AuditError } from '../../src/lib/errors.ts'
import { uuidv7 } from '../../src/lib/uuid.ts'
import { SealedRecord } from '../../src/record/sealed-record.ts'
import type { Lock } from '../../src/trail/lock.ts'
import { openTrail, type Trail, type TrailParts } from '../../src/trail/trail.ts'
import { formatVerifierKey, verifierKeyOf } from '../../src/trail/verifier-key.ts'
import { faultsIn, type Line } from './trail-lines.ts'

const origin = 'example.org/bicycles/audit'
const pair = generateKeyPairSync('ed25519')
/** What checkpoints of these trails are checked with. */
export const verifierKey: string = formatVerifierKey(verifierKeyOf(origin, pair.publicKey))

export interface Tried {
  readonly trail: Trail
  /** The lines of what was appended, by id. */
  readonly given: Map<string, string>
  /** The ids of records that somebody was told are kept. */
  readonly kept: Set<string>
  /** Ids of exchanges whose intent is kept. */
  readonly begun: Set<string>
  /** The ids of the records that were handed over as durable, in their order. */
  readonly handed: string[]
  readonly reports: AuditError[]
  /** How many appends were rejected; each was told to the trail as missed. */
  readonly lost: number
  /** Whether the record was kept. */
  append(until: 'written' | 'durable', id?: string): Promise<boolean>
  /** Begins an exchange: its id, or undefined where its intent was not kept. */
  begin(): Promise<string | undefined>
  /** Every way in which a promise was broken, as sentences. */
  faults(lines: readonly Line[]): readonly string[]
}

export interface TriedSettings extends Partial<Omit<TrailParts, 'settings'>> {
  readonly directory: string
  readonly heartbeatMs?: number
  /** What was promised before, by a trail in the same directory. */
  readonly before?: Tried
}

/** Opens a trail without waiting for it. With a disk of its own it needs no lock. */
export function triedTrail({ directory, heartbeatMs = 600_000, before, ...parts }: TriedSettings): Tried {
  const given = new Map(before?.given)
  const [kept, begun] = [new Set(before?.kept), new Set(before?.begun)]
  const handed: string[] = []
  const reports: AuditError[] = []
  let lost = 0
  const trail = openTrail({
    settings: { directory, key: pair.privateKey, origin, heartbeatMs, allowNetworkFs: false },
    loggerName: 'audit_log',
    clock: systemClock,
    newId: uuidv7,
    inForce: { guarantee: 'written' },
    counters: () => ({ recorded: kept.size, lost, refused: 0 }),
    durable: (records) => handed.push(...records.map(({ id }) => id)),
    report: (error) => reports.push(error),
    syncTimeoutMs: 60_000,
    ...(parts.disk === undefined ? {} : { takeLock: noLock }),
    ...parts,
  })
  const whetherKept = async (promise: Promise<void>, keep: () => void): Promise<boolean> => {
    try {
      await promise
      keep()
      return true
    } catch (error) {
      lost++
      trail.missed('lost', (error as Error).message)
      return false
    }
  }
  return {
    trail,
    given,
    kept,
    begun,
    handed,
    reports,
    get lost() {
      return lost
    },
    append: (until, id = uuidv7(Date.now())) => {
      const record = recordOf(id)
      given.set(id, record.line)
      return whetherKept(trail.append(record, until), () => kept.add(id))
    },
    begin: async () => {
      const [id, exchange] = [uuidv7(Date.now()), uuidv7(Date.now())]
      const record = intentOf(id, exchange)
      given.set(id, record.line)
      return (await whetherKept(trail.appendIntent(record, exchange), () => begun.add(exchange))) ? exchange : undefined
    },
    faults: (lines) => faultsIn(lines, { given, kept }),
  }
}

function recordOf(id: string): SealedRecord {
  const head = `{"id":"${id}","time":"2026-11-25T09:00:00.000Z","logger":"audit_log","type":"INFO","message":`
  return new SealedRecord(id, `${head}"Eén fiets"}`)
}

function intentOf(id: string, exchange: string): SealedRecord {
  const head = `{"id":"${id}","time":"2026-11-25T09:00:00.000Z","logger":"audit_log","kind":"intent","exchange":"${exchange}"`
  const request = '{"method":"GET","url":"https://app.example.org/","user_agent":null}'
  return new SealedRecord(id, `${head},"http_request":${request},"user":{"authenticated":false,"roles":[],"ip":null}}`)
}

async function noLock(): Promise<Lock> {
  return { kind: 'file', release: async () => undefined }
}
