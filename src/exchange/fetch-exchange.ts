import { AuditError, safeReasonOf } from '../lib/errors.ts'
import { within } from '../lib/within.ts'
import { admissionOf } from './admission.ts'
import { Exchange } from './exchange.ts'
import { type Ending, NOTHING_SENT } from './facts.ts'
import { fetchRequestFacts } from './fetch-request.ts'
import { freeBody, responseWith } from './fetch-response.ts'
import { type FetchCapture, FetchSource } from './fetch-source.ts'
import { HeldRecord } from './held-record.ts'
import type { HoldEnd } from './held-response.ts'
import { exchangeOf, exchangesOf, mark } from './marks.ts'
import { refusal } from './refusal.ts'
import { runInScope } from './run-in-scope.ts'
import { watchBody } from './watched-body.ts'

/** What the platform gives along with a request. */
export interface FetchPlatform {
  /** The address that the connection came from. */
  readonly peer?: string | undefined
  /** Keeps the platform from ending a request's work before the promise has settled. */
  readonly waitUntil?: ((promise: Promise<void>) => unknown) | undefined
}

/** A request, and what the app's own functions are to be given of it: itself, or a framework's context. */
export interface FetchRequest {
  readonly request: Request
  readonly known: object
}

/**
 * Records the exchange of a request that `handle` answers: once, also where several layers record it. `handle` gets the
 * exchange, or undefined where none is kept. Gives the response to hand on, whose body is watched to its end; what
 * `handle` throws is thrown.
 */
export async function recordFetch(
  capture: FetchCapture,
  { request, known }: FetchRequest,
  platform: FetchPlatform,
  handle: (exchange: Exchange | undefined) => Response | Promise<Response>,
): Promise<Response> {
  const earlier = exchangeOf(request, capture.recorder)
  if (earlier?.source instanceof FetchSource) earlier.source.learn(capture, known)
  if (earlier !== undefined) return handle(earlier)
  const course = begin(capture, request, known, platform)
  if (course === undefined) return handle(undefined)
  const { exchange } = course
  const admission = admissionOf(exchange)
  if (admission !== undefined && (!(await admission) || course.isClientGone)) return course.answer(refusedResponse())
  let response: Response
  try {
    response = await runInScope(exchange, handle, exchange)
  } catch (error) {
    exchange.fail(error)
    await course.breakOff()
    throw error
  }
  return course.answer(response)
}

function begin(capture: FetchCapture, request: Request, known: object, platform: FetchPlatform): Course | undefined {
  const { recorder } = capture
  try {
    const decision = recorder.decide(request.method, request.url, request)
    if (decision === undefined) return undefined
    const source = new FetchSource(capture, request, known, platform.peer)
    const facts = fetchRequestFacts(recorder, request, platform.peer)
    const exchange = new Exchange(recorder, facts, source, decision, exchangesOf(request))
    mark(request, exchange)
    const course = new Course(capture, request, exchange, source)
    if (platform.waitUntil !== undefined) course.outlive(platform.waitUntil)
    return course
  } catch (error) {
    recorder.lose(error)
    return undefined
  }
}

/** The course of one exchange from its response on. */
class Course {
  readonly exchange: Exchange
  readonly #capture: FetchCapture
  readonly #request: Request
  readonly #source: FetchSource

  constructor(capture: FetchCapture, request: Request, exchange: Exchange, source: FetchSource) {
    this.#capture = capture
    this.#request = request
    this.exchange = exchange
    this.#source = source
  }

  /** Lets the platform wait for the delivery of the record. */
  outlive(waitUntil: (promise: Promise<void>) => unknown): void {
    try {
      waitUntil(this.#delivered())
    } catch (error) {
      this.#capture.recorder.report(new AuditError('WAIT_UNTIL_FAILED', { reason: safeReasonOf(error) }, error))
    }
  }

  /** There is no response. */
  async breakOff(): Promise<void> {
    await this.#finish({ head: NOTHING_SENT, complete: false, endedBy: this.isClientGone ? 'client' : 'server' })
  }

  /** Ends the exchange, or watches the body that goes before its end. Gives the response to hand on. */
  async answer(given: Response): Promise<Response> {
    this.exchange.askUser()
    if (!isResponse(given) || given.status === 0 || this.isClientGone) {
      await this.breakOff()
      return given
    }
    const body = freeBody(given)
    // Nobody reads the body of an answer to HEAD.
    const watched = body === undefined || this.#request.method === 'HEAD' ? undefined : this.#watch(body, given)
    const response = this.#handedOn(given, body, watched)
    this.#source.response = response
    if (watched !== undefined && response !== given) return response
    const mayGo = await this.#finish({ head: this.#source.head(), complete: true })
    return mayGo === false ? refusedResponse() : response
  }

  #handedOn(given: Response, body: ReadableStream | undefined, watched: ReadableStream | undefined): Response {
    const { recorder, facts, id } = this.exchange
    const echo = recorder.echoRequestId ? (['x-request-id', facts.requestId ?? id] as const) : undefined
    if (watched === undefined && echo === undefined) return given
    const isTaken = body === undefined && given.body !== null
    return isTaken ? given : (responseWith(given, watched ?? body ?? null, echo) ?? given)
  }

  #watch(body: ReadableStream, { headers }: Response): ReadableStream {
    const { exchange } = this
    const length = headers.get('content-length')
    return watchBody(body, {
      declared: length !== null && /^\d{1,15}$/.test(length) ? Number(length) : undefined,
      run: (read) => {
        this.#source.head()
        return runInScope(exchange, read)
      },
      complete: () => this.#finish({ head: this.#source.head(), complete: true }, true),
      failed: (error) => {
        exchange.fail(error)
        exchange.endAs(this.#source.ending())
      },
      cancelled: () => exchange.endAs({ head: this.#source.head(), complete: false, endedBy: 'client' }),
    })
  }

  /** Whether the last part may go out, once that can be said; undefined: at once. */
  #finish(ending: Ending, headSent = false): Promise<boolean> | undefined {
    const { exchange } = this
    const { flushLimitMs } = this.#capture
    if (exchange.ended) return undefined
    if (exchange.decision.guarantee !== 'best-effort' && ending.complete) return holdBack(exchange, ending, headSent)
    exchange.endAs(ending)
    if (flushLimitMs === undefined) return undefined
    return within(this.#delivered(), flushLimitMs).then(() => true)
  }

  async #delivered(): Promise<void> {
    await this.exchange.whenKept()
    await this.#capture.flush()
  }

  get isClientGone(): boolean {
    return this.#request.signal?.aborted === true
  }
}

/** Keeps back the last part of a response until its record is safe: whether it may go out then. */
async function holdBack(exchange: Exchange, ending: Ending, headSent: boolean): Promise<boolean> {
  const { clock } = exchange.recorder
  const record = new HeldRecord(exchange)
  const began = clock.monotonic()
  let failure: unknown
  const isSafe = await within(record.keep(ending), record.timeoutMs).catch((error: unknown) => {
    failure = error
    return false
  })
  let how: HoldEnd = headSent ? 'cut' : 'refused'
  if (isSafe) how = 'released'
  else if (record.onFailure === 'open') how = 'failed-open'
  record.ended(how, clock.monotonic() - began, headSent ? ending.head : undefined, failure)
  return isSafe || how === 'failed-open'
}

/** What a client gets in place of a response whose record could not be kept. */
export function refusedResponse(): Response {
  return new Response(refusal.body, { status: refusal.status, headers: { 'content-type': refusal.contentType } })
}

/** A handler may give anything, where the platform takes more than responses. */
function isResponse(value: unknown): value is Response {
  return typeof value === 'object' && value !== null && 'status' in value && 'headers' in value && 'body' in value
}
