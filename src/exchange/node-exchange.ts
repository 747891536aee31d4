import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import { Exchange } from './exchange.ts'
import { type Ending, NOTHING_SENT } from './facts.ts'
import { createHeaderText, type HeaderText } from './header-text.ts'
import { holdExchange } from './hold-exchange.ts'
import { exchangeOf, exchangesOf, mark } from './marks.ts'
import { type NodeFramework, type NodeRequest, nodeRequestFacts } from './node-request.ts'
import { http1EndedBy, http1Head, http2EndedBy, http2Head, isHttp2, type NodeResponse } from './node-response.ts'
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

/** Opens the exchange of a request, once; undefined where none is kept. */
export function openExchange(capture: NodeCapture, req: NodeRequest, res: NodeResponse): Exchange | undefined {
  const earlier = exchangeOf(req, capture.recorder)
  if (earlier !== undefined) return earlier
  const exchange = beginExchange(capture, req)
  if (exchange === undefined) return undefined
  watchUser(req)
  observe(capture, exchange, req, res)
  return exchange
}

/** Begins the exchange of a request that has none yet; its ending is the caller's. */
export function beginExchange({ recorder, framework }: NodeCapture, req: NodeRequest): Exchange | undefined {
  if (!recorder.admits(framework.target(req))) return undefined
  const { userFromRequest } = recorder
  const readTheUser = userFromRequest === undefined ? () => framework.user(req) : () => userFromRequest(req)
  const exchange = new Exchange(recorder, nodeRequestFacts(recorder, req, framework), readTheUser, exchangesOf(req))
  mark(req, exchange)
  return exchange
}

/** Runs the rest of an exchange in its scope, so that `audit.current()` finds its logger. */
export function runInScope<Result>(exchange: Exchange | undefined, rest: () => Result): Result {
  const scope = exchange?.recorder.scope
  return scope == null || exchange === undefined ? rest() : scope.run(exchange, rest)
}

function observe(capture: NodeCapture, exchange: Exchange, req: NodeRequest, res: NodeResponse): void {
  const readEnding = isHttp2(res) ? http2Ending(capture, res) : http1Ending(capture, req, res)
  const { recorder } = capture
  if (recorder.echoRequestId) res.setHeader('x-request-id', exchange.facts.requestId ?? exchange.id)
  askAtHead(exchange, res)
  const onEvent = (event: string | symbol): void => {
    if ((event === 'finish' || event === 'close') && !exchange.ended) exchange.end(readEnding(event))
    else if (event === 'socket') stopWaiting(req.socket, exchange)
  }
  shadowEmit(res, exchange, onEvent)
  if (recorder.scope !== null) shadowEmit(req, exchange)
  exchange.cut = () => readEnding('cut')
  if (recorder.hold !== undefined) holdExchange(exchange, res, recorder.hold, capture.headerText)
  if (!isHttp2(res)) endWithSocket(exchange, req, res)
}

/** When the head goes out is a moment to ask who acts: a session may be gone by the end of a long body. */
function askAtHead(exchange: Exchange, res: NodeResponse): void {
  const { writeHead } = res
  res.writeHead = function (this: NodeResponse, ...head: unknown[]) {
    exchange.askUser()
    return Reflect.apply(writeHead, this, head)
  } as never
}

/**
 * Sees what an emitter says without a listener of its own, which would show in `listenerCount`, and runs its listeners
 * in the exchange's scope, which they lose otherwise: the parser and the socket emit from a scope of theirs.
 */
function shadowEmit(
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

type ReadEnding = (event: 'finish' | 'close' | 'cut') => Ending

function http1Ending({ headerText }: NodeCapture, req: NodeRequest, res: ServerResponse): ReadEnding {
  const socket = req.socket as Socket
  return (event) => {
    if (event === 'finish') return { head: http1Head(res, headerText), complete: true }
    const head = http1Head(res, headerText)
    const complete = res.writableFinished
    return { head, complete, endedBy: event === 'cut' ? 'server' : http1EndedBy(socket) }
  }
}

function http2Ending({ headerText }: NodeCapture, res: Http2ServerResponse): ReadEnding {
  const { stream } = res
  return (event) => {
    const head = http2Head(stream, headerText)
    // HTTP/2 says `finish` for a stream that was cancelled too.
    const complete = event !== 'cut' && head.status !== null && stream.rstCode === 0 && res.writableEnded
    return { head, complete, endedBy: event === 'cut' ? 'server' : http2EndedBy(stream) }
  }
}

/**
 * A pipelined response has no socket while those before it are not done: where the connection dies first, nothing is
 * ever emitted on it. And a connection that died before the exchange opened has said so already.
 */
function endWithSocket(exchange: Exchange, req: NodeRequest, res: ServerResponse): void {
  const socket = req.socket as Socket
  if (res.socket !== null && !socket.destroyed) return
  const end = (): void => {
    exchange.end({ head: NOTHING_SENT, complete: false, endedBy: http1EndedBy(socket) })
  }
  if (socket.destroyed) setImmediate(end)
  else whenSocketCloses(socket, exchange, end)
}
