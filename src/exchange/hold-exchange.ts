import type { Exchange } from './exchange.ts'
import { NOTHING_SENT, type ResponseHead } from './facts.ts'
import type { HeaderText } from './header-text.ts'
import { heldHead, holdResponse } from './hold.ts'
import { http1Head, http2Head, http2HeadOf, isHttp2, type NodeResponse } from './node-response.ts'
import { otherEnding } from './other-ending.ts'
import type { HoldPolicy } from './recorder.ts'

/** Holds a response until the record of its exchange is safe; where it then goes out otherwise, an amendment says so. */
export function holdExchange(exchange: Exchange, res: NodeResponse, policy: HoldPolicy, text: HeaderText): void {
  const { recorder } = exchange
  let recorded: ResponseHead = NOTHING_SENT
  holdResponse(res, {
    timeoutMs: policy.timeoutMs,
    onFailure: exchange.decision.onFailure ?? policy.onFailure,
    clock: recorder.clock,
    async commit() {
      recorder.holding(1)
      recorded = readyHead(res, text)
      await exchange.end({ head: recorded, complete: true })
    },
    ended(how, heldMs, headSent) {
      recorder.heldFor(heldMs, how)
      const ending = otherEnding(how, headSent ? recorded : undefined)
      if (ending !== undefined) exchange.amend(ending)
    },
  })
}

/** The head of a response that is complete, whether it went out already or is held with the rest. */
function readyHead(res: NodeResponse, text: HeaderText): ResponseHead {
  if (!isHttp2(res)) return http1Head(res, text)
  const held = heldHead(res)
  return held === undefined ? http2Head(res.stream, text) : http2HeadOf(held.headers, held.status, text)
}
