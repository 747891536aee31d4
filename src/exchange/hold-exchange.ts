import type { Clock } from '../lib/clock.ts'
import type { Exchange } from './exchange.ts'
import { NOTHING_SENT, type ResponseHead } from './facts.ts'
import type { HeaderText } from './header-text.ts'
import { HeldRecord } from './held-record.ts'
import { type HoldEnd, type HoldOptions, heldHead, holdResponse } from './hold.ts'
import { http1Head, http2Head, http2HeadOf, isHttp2, type NodeResponse } from './node-response.ts'

/** Holds a response until the record of its exchange is safe; where it then goes out otherwise, an amendment says so. */
export function holdExchange(exchange: Exchange, res: NodeResponse, text: HeaderText): void {
  holdResponse(res, new ExchangeHold(exchange, res, text))
}

// A class: an object literal with a getter would leave a hidden class behind, and through that all of the exchange, until
// the garbage collector goes through the old objects.
class ExchangeHold implements HoldOptions {
  readonly timeoutMs: number
  readonly clock: Clock
  readonly #record: HeldRecord
  readonly #res: NodeResponse
  readonly #text: HeaderText
  #recorded: ResponseHead = NOTHING_SENT

  constructor(exchange: Exchange, res: NodeResponse, text: HeaderText) {
    this.#record = new HeldRecord(exchange)
    this.timeoutMs = this.#record.timeoutMs
    this.clock = exchange.recorder.clock
    this.#res = res
    this.#text = text
  }

  get onFailure(): 'open' | 'closed' {
    return this.#record.onFailure
  }

  commit(): Promise<void> {
    this.#recorded = readyHead(this.#res, this.#text)
    return this.#record.keep({ head: this.#recorded, complete: true })
  }

  ended(how: HoldEnd, heldMs: number, headSent: boolean, failure: unknown): void {
    this.#record.ended(how, heldMs, headSent ? this.#recorded : undefined, failure)
  }
}

/** The head of a response that is complete, whether it went out already or is held with the rest. */
function readyHead(res: NodeResponse, text: HeaderText): ResponseHead {
  if (!isHttp2(res)) return http1Head(res, text)
  const held = heldHead(res)
  return held === undefined ? http2Head(res.stream, text) : http2HeadOf(held.headers, held.status, text)
}
