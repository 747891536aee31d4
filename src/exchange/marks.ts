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
