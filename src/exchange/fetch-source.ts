import type { ExchangeSource } from './exchange.ts'
import { type Ending, NOTHING_SENT, type ResponseHead } from './facts.ts'
import { fetchAddress } from './fetch-request.ts'
import { fetchHead } from './fetch-response.ts'
import type { HeaderText } from './header-text.ts'
import type { Recorder } from './recorder.ts'

/** How a framework's context differs from a bare `Request`. */
export interface FetchFramework {
  /** Where the framework's users are found, unless `userFromRequest` is set. */
  user?(known: object): unknown
  /** The route that was chosen, as the app wrote it, mounted path included. */
  route?(known: object): string | undefined
}

/** Records exchanges of `Request` and `Response`, for every framework that stands on them. */
export interface FetchCapture {
  readonly recorder: Recorder
  readonly framework: FetchFramework
  readonly headerText: HeaderText
  /** Resolves when everything recorded so far was delivered. */
  flush(): Promise<void>
  /** For so many milliseconds at most, the last part of a response waits until its record was delivered; undefined: it does not. */
  readonly flushLimitMs?: number | undefined
}

/** What an exchange learns from a request, from its response once there is one, and from the framework upon them. */
export class FetchSource implements ExchangeSource {
  /** What was handed to the platform. */
  response: Response | undefined
  readonly #request: Request
  readonly #peer: string | undefined
  #capture: FetchCapture
  #known: object
  #address: string | null | undefined
  #head: ResponseHead | undefined

  constructor(capture: FetchCapture, request: Request, known: object, peer: string | undefined) {
    this.#capture = capture
    this.#request = request
    this.#known = known
    this.#peer = peer
  }

  /** Takes in the framework's own context. */
  learn(capture: FetchCapture, known: object): void {
    this.#capture = capture
    this.#known = known
  }

  user(): unknown {
    const { recorder, framework } = this.#capture
    return recorder.userFromRequest === undefined
      ? framework.user?.(this.#known)
      : recorder.userFromRequest(this.#known)
  }

  address(): string | null {
    this.#address ??= fetchAddress(this.#capture.recorder, this.#request, this.#peer)
    return this.#address
  }

  route(): string | undefined {
    return this.#capture.framework.route?.(this.#known)
  }

  ending(): Ending {
    return { head: this.head(), complete: false, endedBy: 'server' }
  }

  /** The head as it is when it is first asked for: when the response is complete, or its body is first read. */
  head(): ResponseHead {
    if (this.response === undefined) return NOTHING_SENT
    this.#head ??= fetchHead(this.response, this.#capture.headerText)
    return this.#head
  }
}
