import { type Clock, isoTime } from '../lib/clock.ts'
import { quote } from '../lib/text.ts'
import type { AuditRecord, CountersPart, Json, TrailKind } from '../record/record.ts'
import type { SealedRecord } from '../record/sealed-record.ts'
import { sealTrailRecord } from '../record/trail-record.ts'
import { Batch } from './batch.ts'
import type { Gap } from './gap.ts'
import type { OpenedTrail } from './opening/open-directory.ts'

export interface OwnRecordsParts {
  readonly loggerName: string
  readonly clock: Clock
  readonly newId: (time: number) => string
  readonly inForce: Json
  readonly counters: () => CountersPart
}

/** Makes the records that a trail has of itself. */
export class OwnRecords {
  readonly #parts: OwnRecordsParts
  readonly #logger: string

  constructor(parts: OwnRecordsParts) {
    this.#parts = parts
    this.#logger = quote(parts.loggerName)
  }

  /** A record of a kind, with what its member holds. */
  seal(kind: TrailKind, body: object, of: { exchange?: string; request?: string; user?: string } = {}): SealedRecord {
    const time = this.#parts.clock.now()
    const { newId } = this.#parts
    return sealTrailRecord({ id: newId(time), time, logger: this.#logger, kind, body: body as Json, ...of })
  }

  /** What a writer writes first: what recovery found, what it interrupts, and its start, which comes first in a trail without lines. */
  opening(opened: OpenedTrail): Batch {
    const { damages, intents, tree } = opened
    const batch = new Batch()
    if (tree.size === 0) batch.add(this.#start(opened), 'own')
    for (const damage of damages) batch.add(this.seal('damage', damage), 'own')
    const recovery = this.#recovery(opened)
    if (recovery !== undefined) batch.add(recovery, 'own')
    for (const [exchange, line] of intents) batch.add(this.#interrupted(exchange, line), 'own')
    if (tree.size > 0) batch.add(this.#start(opened), 'own')
    return batch
  }

  /** What tells of records that were not kept; undefined where there are none. */
  gap(gap: Gap): Batch | undefined {
    const missed = gap.take()
    if (missed === undefined) return undefined
    const batch = new Batch()
    batch.add(this.seal('gap', missed.body), 'passing', undefined, missed.giveBack)
    return batch
  }

  /** `stop`, which is kept, or a heartbeat, which is of no use later. */
  counters(kind: 'stop' | 'heartbeat'): Batch {
    const { recorded, lost, refused } = this.#parts.counters()
    return Batch.of(this.seal(kind, { recorded, lost, refused }), kind === 'stop' ? 'own' : 'passing')
  }

  #start({ trailHash, follows }: OpenedTrail): SealedRecord {
    return this.seal('start', { in_force: this.#parts.inForce, trail: trailHash, ...(follows && { follows }) })
  }

  #recovery({ tree, stopped, lastTime, mended, intents, damages }: OpenedTrail): SealedRecord | undefined {
    const { tornBytes, tiles } = mended
    if (stopped && tornBytes === 0 && tiles === 0 && intents.size === 0 && damages.length === 0) return undefined
    const found = { size: tree.size, torn_bytes: tornBytes, tiles, interrupted: intents.size }
    const last_time = isoTime(this.#parts.clock.now())
    return this.seal('recovery', {
      ...found,
      ...(!stopped && { unknown_loss: { first_time: lastTime ?? null, last_time } }),
    })
  }

  #interrupted(exchange: string, line: Buffer): SealedRecord {
    const { id, http_request, user } = JSON.parse(line.toString('utf8')) as AuditRecord
    const [request, asUser] = [JSON.stringify(http_request), JSON.stringify(user)]
    return this.seal('interrupted', { intent: id }, { exchange, request, user: asUser })
  }
}
