import type { Exchange } from './exchange.ts'
import { NOTHING_SENT, type ResponseHead } from './facts.ts'
import type { HeaderText } from './header-text.ts'
import { HeldRecord } from './held-record.ts'
import { heldHead, holdResponse } from './hold.ts'
import { http1Head, http2Head, http2HeadOf, isHttp2, type NodeResponse } from './node-response.ts'

/** Holds a response until the record of its exchange is safe; where it then goes out otherwise, an amendment says so. */
export function holdExchange(exchange: Exchange, res: NodeResponse, text: HeaderText): void {
  const record = new HeldRecord(exchange)
  let recorded: ResponseHead = NOTHING_SENT
  holdResponse(res, {
    timeoutMs: record.timeoutMs,
    get onFailure() {
      return record.onFailure
    },
    clock: exchange.recorder.clock,
    commit() {
      recorded = readyHead(res, text)
      return record.keep({ head: recorded, complete: true })
    },
    ended: (how, heldMs, headSent) => record.ended(how, heldMs, headSent ? recorded : undefined),
  })
}

/** The head of a response that is complete, whether it went out already or is held with the rest. */
function readyHead(res: NodeResponse, text: HeaderText): ResponseHead {
  if (!isHttp2(res)) return http1Head(res, text)
  const held = heldHead(res)
  return held === undefined ? http2Head(res.stream, text) : http2HeadOf(held.headers, held.status, text)
}
