import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { Exchange, type ExchangeSource } from './exchange.ts'
import { type Ending, type Moment, NOTHING_SENT } from './facts.ts'
import { createHeaderText, type HeaderText } from './header-text.ts'
import { holdExchange } from './hold-exchange.ts'
import { exchangeOf, exchangesOf, mark } from './marks.ts'
import { type NodeFramework, type NodeRequest, nodeRequestFacts } from './node-request.ts'
import { http1EndedBy, http1Ending, http2Ending, isHttp2, type NodeResponse } from './node-response.ts'
import type { Recorder } from './recorder.ts'
import { watchUser } from './request-user.ts'
import { stopWaiting, whenSocketCloses } from './socket-close.ts'

/** Records exchanges on Node's own server objects, for every framework that stands on them. */
export interface NodeCapture {
  readonly recorder: Recorder
  readonly framework: NodeFramework
  readonly headerText: HeaderText
}

export function createNodeCapture(recorder: Recorder, framework: NodeFramework): NodeCapture {
  return { recorder, framework, headerText: createHeaderText(recorder.redactor) }
}

/** Opens the exchange of a request, once; undefined where none is kept. Never throws. */
export function openExchange(capture: NodeCapture, req: NodeRequest, res: NodeResponse): Exchange | undefined {
  const { recorder } = capture
  try {
    const earlier = exchangeOf(req, recorder)
    if (earlier !== undefined) return earlier
    const exchange = beginExchange(capture, req, new NodeSource(capture, req, res))
    if (exchange === undefined) return undefined
    if (recorder.echoRequestId) res.setHeader('x-request-id', exchange.facts.requestId ?? exchange.id)
    if (capture.framework.watchesUser) watchUser(req)
    watchResponse(exchange, req, res)
    if (recorder.scope !== null) watchEmit(req, exchange)
    if (recorder.hold !== undefined) holdExchange(exchange, res, recorder.hold, capture.headerText)
    return exchange
  } catch (error) {
    recorder.lose(error)
    return undefined
  }
}

/** Begins the exchange of a request that has none yet; undefined where none is kept. */
export function beginExchange(capture: NodeCapture, req: NodeRequest, source: ExchangeSource): Exchange | undefined {
  const { recorder, framework } = capture
  const decision = recorder.decide(req.method ?? null, framework.target(req))
  if (decision === undefined) return undefined
  const exchange = new Exchange(
    recorder,
    nodeRequestFacts(recorder, req, framework),
    source,
    decision,
    exchangesOf(req),
  )
  mark(req, exchange)
  return exchange
}

/** Who acts, as the app's own function says, or as found at the framework's habitual place. */
export function userOf({ recorder, framework }: NodeCapture, req: NodeRequest): unknown {
  const { userFromRequest } = recorder
  return userFromRequest === undefined ? framework.user(req) : userFromRequest(req)
}

/** Runs the rest of an exchange in its scope, so that `audit.current()` finds its logger. */
export function runInScope<Values extends readonly unknown[], Result>(
  exchange: Exchange | undefined,
  rest: (...values: Values) => Result,
  ...values: Values
): Result {
  const scope = exchange?.recorder.scope
  return scope == null || exchange === undefined ? rest(...values) : scope.run(exchange, rest, ...values)
}

class NodeSource implements ExchangeSource {
  readonly #capture: NodeCapture
  readonly #req: NodeRequest
  readonly #res: NodeResponse
  /** Kept from the beginning, as both let go of it when they are done. */
  readonly #channel: Socket | ServerHttp2Stream

  constructor(capture: NodeCapture, req: NodeRequest, res: NodeResponse) {
    this.#capture = capture
    this.#req = req
    this.#res = res
    this.#channel = isHttp2(res) ? res.stream : req.socket
  }

  user(): unknown {
    return userOf(this.#capture, this.#req)
  }

  route(): string | undefined {
    return this.#capture.framework.route?.(this.#req)
  }

  ending(moment: Moment): Ending {
    const { headerText } = this.#capture
    const res = this.#res
    return isHttp2(res)
      ? http2Ending(res, this.#channel as ServerHttp2Stream, moment, headerText)
      : http1Ending(res, this.#channel as Socket, moment, headerText)
  }
}

/** Sees when the head goes out, which is a moment to ask who acts, and when the response is finished or cut off. */
function watchResponse(exchange: Exchange, req: NodeRequest, res: NodeResponse): void {
  const { writeHead } = res
  res.writeHead = function (this: NodeResponse, ...head: unknown[]) {
    exchange.askUser()
    return Reflect.apply(writeHead, this, head)
  } as never
  watchEmit(res, exchange, (event) => {
    if (event === 'finish' || event === 'close') exchange.endAt(event)
    else if (event === 'socket') stopWaiting(req.socket, exchange)
  })
  if (!isHttp2(res) && (res.socket === null || req.socket.destroyed)) endWithSocket(exchange, req.socket)
}

/**
 * Sees what an emitter says without a listener of its own, which would show in `listenerCount`, and runs its listeners
 * in the exchange's scope, which they lose otherwise: the parser and the socket emit from a scope of theirs.
 */
function watchEmit(
  emitter: NodeRequest | NodeResponse,
  exchange: Exchange,
  then?: (event: string | symbol) => void,
): void {
  const { emit } = emitter
  const { scope } = exchange.recorder
  emitter.emit = function (this: NodeRequest | NodeResponse, ...event: [string | symbol, ...unknown[]]): boolean {
    try {
      return scope === null ? Reflect.apply(emit, this, event) : scope.run(exchange, Reflect.apply, emit, this, event)
    } finally {
      then?.(event[0])
    }
  } as never
}

/**
 * A pipelined response has no socket while those before it are not done: where the connection dies first, nothing is
 * ever emitted on it. And a connection that died before the exchange opened has said so already.
 */
function endWithSocket(exchange: Exchange, socket: Socket): void {
  const end = (): void => {
    exchange.endAs({ head: NOTHING_SENT, complete: false, endedBy: http1EndedBy(socket) })
  }
  if (socket.destroyed) setImmediate(end)
  else whenSocketCloses(socket, exchange, end)
}
