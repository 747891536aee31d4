import { stat } from 'node:fs/promises'
import { headOf } from '../../trail/line.ts'
import type { TrailReader } from '../../trail/read.ts'
import { counted } from '../counted.ts'
import { member, numberAt, type ReadRecord, readRecord, textAt } from '../record.ts'
import { type Check, type Finding, note, type Patient, warning } from './finding.ts'

const minute = 60_000
const recentMs = 7 * 24 * 60 * minute
const tellingKinds = new Set(['gap', 'damage', 'recovery'])
const kindMember = Buffer.from('"kind":"')
/** Twice the time after which a trail where nothing happens writes a heartbeat, by default. */
const silentMs = 20 * minute

/** The newest checkpoint's age. It means something only while somebody writes. */
export const checkAge: Check = async ({ layout, holder, now }) => {
  const found = await stat(layout.checkpoint).catch(() => undefined)
  const ageMs = found === undefined ? 0 : now - found.mtimeMs
  if (!holder.mayWrite || ageMs < silentMs) return []
  return [
    warning(
      `the newest checkpoint is ${counted(Math.floor(ageMs / minute), 'minute')} old, while a writer holds the trail`,
      'A writer makes one at least after each heartbeat, 10 minutes by default. See what audit.health() says, and whether the process hangs.',
    ),
  ]
}

/** What a trail told of itself of late. */
interface Recent {
  readonly told: readonly ReadRecord[]
  /** The last record of all; undefined where there is none. */
  readonly last: ReadRecord | undefined
  /** Which time or which records that is, as a phrase. */
  readonly since: string
}

/** What the trail itself tells of the last days. */
export const checkRecords: Check = recordsCheck(1_000_000)

/** The same, which looks at so many records at most. */
export function recordsCheck(most: number): Check {
  return async (patient) => {
    const { told, last, since } = await readRecent(patient, most)
    return [...lossesIn(told, since), ...recoveriesIn(told, since), ...endOf(last, patient)]
  }
}

async function readRecent({ reader, now }: Patient, most: number): Promise<Recent> {
  // A checkpoint that cannot be read is a finding of its own.
  const { size } = await reader.checkpoint().catch(() => ({ size: 0 }))
  const first = Math.max(0, size - most)
  const records = size === 0 ? [] : await tellingRecords(reader, first, size)
  const isRecent = (record: ReadRecord | undefined): boolean =>
    now - Date.parse(textAt(record, 'time') ?? '') <= recentMs
  const isCut = first > 0 && isRecent(records[0])
  return {
    told: records.filter(isRecent),
    last: records.at(-1),
    since: isCut ? `in the last ${counted(most, 'record')}` : 'in the last 7 days',
  }
}

/** Of these records those that tell something of the trail, and the first and the last. */
async function tellingRecords(reader: TrailReader, first: number, size: number): Promise<readonly ReadRecord[]> {
  const found: ReadRecord[] = []
  for await (const lines of reader.tail(first, size)) {
    for (const { leaf, line } of lines) {
      if (leaf === first || leaf === size - 1 || isTelling(line)) found.push(readRecord(line))
    }
  }
  return found
}

function isTelling(line: Buffer): boolean {
  // Nearly all lines are records of exchanges, and have no kind: looking for a few bytes costs a tenth of reading their members.
  return line.includes(kindMember) && tellingKinds.has(headOf(line).kind ?? '')
}

function lossesIn(records: readonly ReadRecord[], since: string): readonly Finding[] {
  const gaps = ofKind(records, 'gap')
  const damages = ofKind(records, 'damage')
  const lost = sum(gaps, 'gap', 'lost')
  const refused = sum(gaps, 'gap', 'refused')
  return [
    ...(gaps.length === 0
      ? []
      : [
          warning(
            `${since} ${counted(gaps.length, 'gap')}: ${counted(lost, 'record')} lost, ${counted(refused, 'request')} refused`,
            `The last one's reason: ${textAt(gaps.at(-1), 'gap', 'reason') ?? 'none'}. Do away with it; what was lost stays lost.`,
          ),
        ]),
    ...(damages.length === 0
      ? []
      : [
          warning(
            `${since} ${counted(damages.length, 'damage record')}`,
            'Something changed what was written, or a disk failed. Run griffier verify, and look into damage/.',
          ),
        ]),
  ]
}

function recoveriesIn(records: readonly ReadRecord[], since: string): readonly Finding[] {
  const recoveries = ofKind(records, 'recovery')
  if (recoveries.length === 0) return []
  const unknown = recoveries.filter((record) => member(record, 'recovery', 'unknown_loss') !== undefined)
  const interrupted = sum(recoveries, 'recovery', 'interrupted')
  const what = `${since} ${counted(recoveries.length, 'recovery', 'recoveries')}, ${counted(interrupted, 'interrupted exchange')}`
  const advice =
    'The process did not end by close(): see why. A recovery record says what was found and what was mended.'
  return [unknown.length === 0 ? note(what, advice) : warning(`${what}; unknown loss in ${unknown.length}`, advice)]
}

function endOf(last: ReadRecord | undefined, { holder, successors }: Patient): readonly Finding[] {
  // What has a successor is left as it was.
  if (last === undefined || holder.mayWrite || successors.length > 0 || textAt(last, 'kind') === 'stop') return []
  return [
    warning(
      `nobody writes to the trail, and it does not end with a stop record; its last is of ${textAt(last, 'time') ?? 'an unknown time'}`,
      'The process was killed, or crashed. Start the app: it recovers, and says what was found.',
    ),
  ]
}

function ofKind(records: readonly ReadRecord[], kind: string): readonly ReadRecord[] {
  return records.filter((record) => textAt(record, 'kind') === kind)
}

function sum(records: readonly ReadRecord[], ...path: readonly string[]): number {
  return records.reduce((total, record) => total + numberAt(record, ...path), 0)
}
