import type { Socket } from 'node:net'
import { Exchange } from './exchange.ts'
import { NOTHING_SENT } from './facts.ts'
import type { HeaderText } from './header-text.ts'
import { holdExchange } from './hold-exchange.ts'
import { exchangeOf, exchangesOf, mark } from './marks.ts'
import { type NodeRequest, nodeRequestFacts } from './node-request.ts'
import { http1EndedBy, isHttp2, type NodeResponse, writtenHead } from './node-response.ts'
import { type NodeCapture, NodeSource } from './node-source.ts'
import { override } from './override.ts'
import { watchUser, watchUsersAlike } from './request-user.ts'
import { stopWaiting, whenSocketCloses } from './socket-close.ts'

/**
 * Opens the exchange of a request, once; undefined where none is kept. Never throws. One that was opened before the
 * framework came in, as at the server, is told of the framework and its source.
 */
export function openExchange(
  capture: NodeCapture,
  req: NodeRequest,
  res: NodeResponse,
  source?: object,
): Exchange | undefined {
  const { recorder, framework } = capture
  try {
    const known = source ?? (framework.source === 'own' ? undefined : req)
    const earlier = exchangeOf(req, recorder)
    if (earlier !== undefined) {
      if (known !== undefined && framework.source !== 'bare') learn(capture, earlier, req, known)
      return earlier
    }
    const exchange = beginExchange(capture, req, new NodeSource(capture, req, res), known)
    if (exchange === undefined) return undefined
    if (recorder.echoRequestId) res.setHeader('x-request-id', exchange.facts.requestId ?? exchange.id)
    watchResponse(exchange, req, res, capture.headerText)
    if (recorder.scope !== null) watchEmit(req, exchange)
    if (exchange.decision.guarantee !== 'best-effort') holdExchange(exchange, res, capture.headerText)
    return exchange
  } catch (error) {
    recorder.lose(error)
    return undefined
  }
}

/** Begins the exchange of a request that has none yet; undefined where none is kept. */
export function beginExchange(
  capture: NodeCapture,
  req: NodeRequest,
  nodeSource: NodeSource,
  known: object | undefined = capture.framework.source === 'own' ? undefined : req,
): Exchange | undefined {
  const { recorder, framework } = capture
  const target = framework.target(req, known)
  const decision = recorder.decide(req.method ?? null, target, req)
  if (decision === undefined) return undefined
  const facts = nodeRequestFacts(recorder, req, target)
  const exchange = new Exchange(recorder, facts, nodeSource, decision, exchangesOf(req))
  mark(req, exchange)
  if (known !== undefined) learn(capture, exchange, req, known)
  return exchange
}

function learn(capture: NodeCapture, exchange: Exchange, req: NodeRequest, known: object): void {
  if (exchange.source instanceof NodeSource) exchange.source.learn(capture, known)
  const { userHolder, rawOf } = capture.framework
  if (rawOf !== undefined) watchUsersAlike(known, rawOf)
  else if (userHolder !== undefined) watchUser(userHolder(known), req)
}

/** Sees when the head goes out, which is a moment to ask who acts, and when the response is finished or cut off. */
function watchResponse(exchange: Exchange, req: NodeRequest, res: NodeResponse, headerText: HeaderText): void {
  const { writeHead } = res
  const seeingHead = function (this: NodeResponse, ...head: unknown[]): unknown {
    exchange.askUser()
    const result: unknown = Reflect.apply(writeHead, this, head)
    // Read already now, which makes one piece of the many that Node put the head together from: it is sent faster so.
    const written = writtenHead(this)
    if (written !== undefined) headerText.fromHead(written)
    return result
  }
  override(res, 'writeHead', seeingHead as never)
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
  const watched = function (this: NodeRequest | NodeResponse, ...event: [string | symbol, ...unknown[]]): boolean {
    try {
      // Most of what is said has no listener, and entering the scope costs more than saying it.
      if (scope === null || this.listenerCount(event[0]) === 0) return Reflect.apply(emit, this, event)
      return scope.run(exchange, Reflect.apply, emit, this, event)
    } finally {
      then?.(event[0])
    }
  }
  override(emitter, 'emit', watched as never)
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
