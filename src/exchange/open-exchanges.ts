import type { Logger } from '../record/logger.ts'
import type { Moment } from './facts.ts'

/** What an audit log knows of an exchange that has begun and has no record yet. */
export interface OpenExchange {
  readonly logger: Logger
  endAt(moment: Moment): unknown
  whenKept(): Promise<void>
  stopLookup(): void
  /** Its neighbours among those that are open. */
  previous: OpenExchange | undefined
  next: OpenExchange | undefined
}

/**
 * The exchanges that have begun and have no record yet, the oldest first. Not a Set: growing and shrinking, that leaves a
 * chain of tables behind, through which one that the garbage collector has taken for old keeps all exchanges after it.
 */
export class OpenExchanges implements Iterable<OpenExchange> {
  #first: OpenExchange | undefined
  #last: OpenExchange | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  add(exchange: OpenExchange): void {
    const last = this.#last
    exchange.previous = last
    if (last === undefined) this.#first = exchange
    else last.next = exchange
    this.#last = exchange
    this.#size++
  }

  /** Takes out one that was added. */
  delete(exchange: OpenExchange): void {
    const { previous, next } = exchange
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    exchange.previous = undefined
    exchange.next = undefined
    this.#size--
  }

  /** Those of this moment, as they leave while they are gone through. */
  [Symbol.iterator](): Iterator<OpenExchange> {
    const all: OpenExchange[] = []
    for (let exchange = this.#first; exchange !== undefined; exchange = exchange.next) all.push(exchange)
    return all.values()
  }
}
