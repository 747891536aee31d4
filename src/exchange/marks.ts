import type { Exchange } from './exchange.ts'
import type { Recorder } from './recorder.ts'

const EXCHANGES: unique symbol = Symbol('griffier.exchanges')

/** A request that bears the exchanges kept of it: one for each audit log, the last mounted first. */
export interface Marked {
  [EXCHANGES]?: Exchange
}

export function exchangesOf(request: object): Exchange | undefined {
  return (request as Marked)[EXCHANGES]
}

/** The exchange that this audit log keeps of a request already: mounted twice, it still keeps one. */
export function exchangeOf(request: object, recorder: Recorder): Exchange | undefined {
  let exchange = exchangesOf(request)
  while (exchange !== undefined && exchange.recorder !== recorder) exchange = exchange.other
  return exchange
}

export function mark(request: object, exchange: Exchange): void {
  ;(request as Marked)[EXCHANGES] = exchange
}

/** Marks an object of the app in a way that it does not show, nor pass on to copies. */
export function markUnseen(holder: object, exchange: Exchange): void {
  Object.defineProperty(holder, EXCHANGES, { value: exchange, configurable: true })
}
