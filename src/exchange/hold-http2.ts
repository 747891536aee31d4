import type {
  Http2ServerResponse,
  OutgoingHttpHeaders,
  ServerHttp2Stream,
  ServerStreamResponseOptions,
} from 'node:http2'
import { HeldResponse, type HoldOptions } from './held-response.ts'
import { override } from './override.ts'
import { refusal } from './refusal.ts'
import { lift, shadow } from './shadow.ts'
import { WriteGate } from './write-gate.ts'

/** RFC 9113, 7: the endpoint met an unexpected error. */
const INTERNAL_ERROR = 2

/** The head of a response that is held with its body, as it will be sent. */
export interface HeldHead {
  readonly status: number
  /** By lower-case name, the date included; pseudo-headers are left out. */
  readonly headers: Readonly<Record<string, unknown>>
}

/** Their head is the whole response, as `ServerHttp2Stream.respond` has it. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

/** As the compatibility API passes it. */
type RespondOptions = ServerStreamResponseOptions & { readonly sendDate?: boolean }
type Stream = ServerHttp2Stream & { readonly headRequest?: boolean }
type Head = [headers?: OutgoingHttpHeaders, options?: RespondOptions]
type Respond = (...head: Head) => void

const heldKey: unique symbol = Symbol('griffier.held')

interface Held {
  [heldKey]?: HeldHttp2Response
}

/** Holds an HTTP/2 response: see `HeldHttp2Response`. */
export function holdHttp2(res: Http2ServerResponse, options: HoldOptions): void {
  const held = new HeldHttp2Response(res.stream, options)
  const responses: Http2ServerResponse & Held = res
  responses[heldKey] = held
  const { end } = res
  const heldEnd = function (this: Http2ServerResponse, chunk?: unknown, encoding?: unknown, callback?: unknown) {
    return held.end(() => end.call(this, chunk as string, encoding as BufferEncoding, callback as () => void))
  }
  override(res, 'end', heldEnd as typeof res.end)
}

/** The head of a response that is held on HTTP/2, if it has not been sent yet; what was sent is `stream.sentHeaders`. */
export function heldHead(res: Http2ServerResponse): HeldHead | undefined {
  return (res as Held)[heldKey]?.head()
}

/**
 * Holds an HTTP/2 response. `end` runs at once, as in bare Node; what it asks of the stream (`respond`, `write`, `end`) is
 * queued there. Where a response has no body, its head is what completes it, whoever sends it.
 */
class HeldHttp2Response extends HeldResponse {
  readonly #stream: Stream
  readonly #respond: Respond
  #gate: WriteGate<ServerHttp2Stream> | undefined
  #head: Head | undefined

  constructor(stream: ServerHttp2Stream, options: HoldOptions) {
    super(options)
    this.#stream = stream
    const { respond } = stream
    const keeping = (...head: Head): void => (this.#keepHead(head) ? undefined : Reflect.apply(respond, stream, head))
    this.#respond = shadow(stream, 'respond', keeping)
  }

  /** Runs the response's `end` with the gate closed. */
  end(end: () => Http2ServerResponse): Http2ServerResponse {
    if (this.stage === 'open' && !this.#stream.closed && !this.#stream.destroyed) this.#closeGate()
    try {
      return end()
    } catch (error) {
      this.#reopen()
      throw error
    }
  }

  head(): HeldHead | undefined {
    if (this.#head === undefined) return undefined
    const { ':status': status, ...headers } = this.#head[0] ?? {}
    return { status: Number(status), headers }
  }

  protected isConnected(): boolean {
    return !this.#stream.destroyed && !this.#stream.closed
  }

  protected isHeadSent(): boolean {
    return this.#head === undefined && this.#stream.headersSent
  }

  protected release(): void {
    const head = this.#head
    const gate = this.#openGate()
    try {
      if (head !== undefined) this.#stream.respond(...head)
      gate?.flush()
    } catch {
      // A head that cannot be sent, such as one with two lengths: bare Node would have thrown it out of `end`.
      this.#stream.close(INTERNAL_ERROR)
    }
  }

  protected refuse(): void {
    this.drop()
    const stream = this.#stream
    const { body, contentType, status } = refusal
    const headers = { ':status': status, 'content-type': contentType, 'content-length': body.length }
    stream.respond(headers, { endStream: stream.headRequest === true })
    if (!stream.headRequest) stream.end(body)
  }

  protected cut(): void {
    this.drop()
    this.#stream.close(INTERNAL_ERROR)
  }

  protected drop(): void {
    this.#openGate()?.giveUp()
  }

  #closeGate(): void {
    this.stage = 'gated'
    this.#gate = new WriteGate(this.#stream, this.#closed, this.#ended)
  }

  #openGate(): WriteGate<ServerHttp2Stream> | undefined {
    const gate = this.#gate
    this.#gate = undefined
    if (this.#head !== undefined) Reflect.deleteProperty(this.#stream, 'headersSent')
    this.#head = undefined
    gate?.open()
    lift(this.#stream, 'respond', this.#respond)
    return gate
  }

  readonly #closed = (): void => this.gone()

  readonly #ended = (): void => this.complete()

  /** What was about to complete the response threw, so nothing is held. */
  #reopen(): void {
    if (this.stage !== 'gated' || this.#gate?.hasEnded()) return
    this.stage = 'open'
    this.release()
    shadow(this.#stream, 'respond', this.#respond)
  }

  #isGated(): boolean {
    return (this.stage === 'gated' || this.stage === 'held') && this.isConnected()
  }

  #keepHead([headers = {}, options = {}]: Head): boolean {
    if (this.stage === 'open' && this.isConnected() && this.#isWhole(headers, options)) {
      this.#closeGate()
      setImmediate(() => this.complete()) // `end` mostly follows in the same turn
    }
    if (!this.#isGated()) return false
    const sent: OutgoingHttpHeaders = { ...headers }
    if (options.sendDate !== false) sent.date ??= new Date().toUTCString()
    this.#head = [sent, options]
    Object.defineProperty(this.#stream, 'headersSent', { value: true, configurable: true })
    return true
  }

  /** Whether a head is the whole response. */
  #isWhole(headers: OutgoingHttpHeaders, options: RespondOptions): boolean {
    return options.endStream === true || this.#stream.headRequest === true || BODILESS.has(Number(headers[':status']))
  }
}
