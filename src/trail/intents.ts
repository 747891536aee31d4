import type { SealedRecord } from '../record/sealed-record.ts'
import { Batch } from './batch.ts'

/** The intents that are durable and whose exchange has no durable record yet. */
export class Intents {
  readonly #open = new Map<string, SealedRecord>()

  /** Takes note of what became durable. */
  follow({ entries }: Batch): void {
    for (const { record, exchange } of entries) {
      if (exchange !== undefined) this.#open.set(exchange, record)
      else if (this.#open.size > 0) this.#open.delete(record.id)
    }
  }

  /** The head of a new segment: each of them again, so that the segments before can go. */
  head(): Batch {
    const batch = new Batch(true)
    for (const [exchange, record] of this.#open) batch.add(record, 'own', exchange)
    return batch
  }
}
