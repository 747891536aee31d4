import type { Exchange } from './exchange.ts'
import { type Ending, NOTHING_SENT, type ResponseHead } from './facts.ts'
import type { HeaderText } from './header-text.ts'
import { heldHead, holdResponse } from './hold.ts'
import { http1Head, http2Head, http2HeadOf, isHttp2, type NodeResponse } from './node-response.ts'
import type { HoldPolicy } from './recorder.ts'

/** Holds a response until the record of its exchange is safe; where it then goes out otherwise, an amendment says so. */
export function holdExchange(exchange: Exchange, res: NodeResponse, policy: HoldPolicy, text: HeaderText): void {
  const { recorder } = exchange
  let recorded: ResponseHead = NOTHING_SENT
  holdResponse(res, {
    ...policy,
    clock: recorder.clock,
    async commit() {
      recorder.holding(1)
      recorded = readyHead(res, text)
      await exchange.end({ head: recorded, complete: true })
    },
    ended(how, heldMs, headSent) {
      recorder.heldFor(heldMs, how)
      const amendment = amendmentFor(how, headSent ? recorded : NOTHING_SENT)
      if (amendment !== undefined) exchange.amend(amendment)
    },
  })
}
