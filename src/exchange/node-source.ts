import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { ExchangeSource } from './exchange.ts'
import { type Ending, type Moment, NOTHING_SENT } from './facts.ts'
import { createHeaderText, type HeaderText } from './header-text.ts'
import { addressOf, type NodeFramework, type NodeRequest } from './node-request.ts'
import { http1Ending, http2Ending, isHttp2, type NodeResponse } from './node-response.ts'
import type { Recorder } from './recorder.ts'

export const UNANSWERED: Ending = { head: NOTHING_SENT, complete: false, endedBy: 'server' }

/** Records exchanges on Node's own server objects, for every framework that stands on them. */
export interface NodeCapture {
  readonly recorder: Recorder
  readonly framework: NodeFramework
  readonly headerText: HeaderText
}

export function createNodeCapture(recorder: Recorder, framework: NodeFramework): NodeCapture {
  return { recorder, framework, headerText: createHeaderText(recorder.redactor) }
}

/** What an exchange learns from Node's objects and from the framework upon them. */
export class NodeSource implements ExchangeSource {
  #req: NodeRequest | undefined
  #res: NodeResponse | undefined
  /** Kept from the beginning, as request and response let go of them when they are done. */
  readonly #channel: Socket | ServerHttp2Stream
  readonly #peer: string | undefined
  #capture: NodeCapture
  #known: object | undefined
  #decided: string | undefined
  #address: string | null | undefined

  /** Without a response, as for an upgrade, the end is told by whoever sees it. */
  constructor(capture: NodeCapture, req: NodeRequest, res?: NodeResponse) {
    this.#capture = capture
    this.#req = req
    this.#res = res
    this.#channel = res !== undefined && isHttp2(res) ? res.stream : req.socket
    this.#peer = req.socket.remoteAddress
  }

  /** Takes in the framework's own request or context. */
  learn(capture: NodeCapture, known: object): void {
    this.#capture = capture
    this.#known = known
    // Now, as it is gone once the socket is.
    if (!capture.recorder.hasOwnTrust) this.#decided = decidedAddress(capture.framework, known)
  }

  /** Who acts, as the app's own function says, or as found at the framework's habitual place. */
  user(): unknown {
    const { recorder, framework } = this.#capture
    if (this.#known === undefined) return null
    return recorder.userFromRequest === undefined ? framework.user(this.#known) : recorder.userFromRequest(this.#known)
  }

  address(): string | null {
    if (this.#address === undefined && this.#req !== undefined)
      this.#address = addressOf(this.#capture.recorder, this.#req, this.#peer, this.#decided)
    return this.#address ?? null
  }

  route(): string | undefined {
    return this.#known === undefined ? undefined : this.#capture.framework.route?.(this.#known)
  }

  letGo(): void {
    this.address()
    this.#req = undefined
    this.#res = undefined
    this.#known = undefined
  }

  ending(moment: Moment): Ending {
    const { headerText } = this.#capture
    const res = this.#res
    if (res === undefined) return UNANSWERED
    return isHttp2(res)
      ? http2Ending(res, this.#channel as ServerHttp2Stream, moment, headerText)
      : http1Ending(res, this.#channel as Socket, moment, headerText)
  }
}

/** The address by the app's own trust setting; undefined where it has none, or where its function throws. */
function decidedAddress({ address }: NodeFramework, known: object): string | undefined {
  try {
    return address?.(known)
  } catch {
    return undefined
  }
}
