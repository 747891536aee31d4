import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import { Exchange } from './exchange.ts'
import type { RequestFacts } from './facts.ts'
import { exchangeOf, exchangesOf, markUnseen } from './marks.ts'
import { onNextHead } from './next-head.ts'
import { upgradeWaitsForIntent, waitsForIntent } from './node-admission.ts'
import { beginExchange, openExchange } from './node-exchange.ts'
import type { NodeRequest } from './node-request.ts'
import { http1EndedBy, type NodeResponse } from './node-response.ts'
import { type NodeCapture, NodeSource, UNANSWERED } from './node-source.ts'
import { runInScope } from './run-in-scope.ts'
import { requestUrl } from './url.ts'

/** How Node itself answers a request beyond `maxRequestsPerSocket`, after those before it. */
const DROPPED = 'HTTP/1.1 503 '

/** What a handler answers, and what takes its connection over: what Node answers itself waits for nothing. */
const REQUESTS: ReadonlySet<string> = new Set(['request', 'checkContinue', 'checkExpectation'])
const UPGRADES: ReadonlySet<string> = new Set(['upgrade', 'connect'])

const LAST_REQUEST = Symbol('griffier.lastRequest')

interface Connection extends Socket {
  [LAST_REQUEST]?: IncomingMessage
}

/** Is told of each request that a handler will see, with the exchange that is kept of it, if one is. */
export type Prepare = (req: NodeRequest, res: NodeResponse, exchange: Exchange | undefined) => void

/**
 * Records what reaches a server, also what never reaches a handler: requests that the parser refuses, and upgrades.
 * It shadows `emit`, as a listener would change what the client gets: with one for `clientError` Node no longer
 * answers, with one for `upgrade` it no longer treats the request as a plain one.
 */
export function attachToServer(capture: NodeCapture, server: Server, prepare: Prepare): void {
  const { emit } = server
  const before: Record<string, (emitted: unknown[]) => Exchange | undefined> = {
    request: ([req, res]) => openRequest(capture, req as NodeRequest, res as NodeResponse, prepare),
    checkContinue: ([req, res]) => openRequest(capture, req as NodeRequest, res as NodeResponse, prepare),
    checkExpectation: ([req, res]) => openRequest(capture, req as NodeRequest, res as NodeResponse, prepare),
    upgrade: ([req, socket]) => openUpgrade(capture, req as IncomingMessage, socket as Socket),
    connect: ([req, socket]) => openUpgrade(capture, req as IncomingMessage, socket as Socket),
    dropRequest: ([req, socket]) => openUpgrade(capture, req as IncomingMessage, socket as Socket, DROPPED),
    clientError: ([error, socket]) => openRefused(capture, error as ParserError, socket as Connection),
  }
  server.emit = function (this: Server, event: string, ...emitted: unknown[]): boolean {
    const exchange = Object.hasOwn(before, event) ? before[event]?.(emitted) : undefined
    const goOn = (): boolean => runInScope(exchange, () => Reflect.apply(emit, this, [event, ...emitted]) as boolean)
    if (exchange?.decision.guarantee !== 'recorded-first') return goOn()
    return emitWhenAdmitted(exchange, event, emitted, goOn) ?? this.listenerCount(event) > 0
  } as never
}

/** Undefined where it is said later, and only whether anybody listens is known. */
function emitWhenAdmitted(
  exchange: Exchange,
  event: string,
  [req, peer]: readonly unknown[],
  goOn: () => boolean,
): boolean | undefined {
  const waits =
    (REQUESTS.has(event) && waitsForIntent(exchange, req as NodeRequest, peer as NodeResponse, goOn)) ||
    (UPGRADES.has(event) && upgradeWaitsForIntent(exchange, peer as Socket, goOn))
  return waits ? undefined : goOn()
}

function openRequest(
  capture: NodeCapture,
  req: NodeRequest,
  res: NodeResponse,
  prepare: Prepare,
): Exchange | undefined {
  ;(req.socket as Connection)[LAST_REQUEST] = req as IncomingMessage
  const exchange = openExchange(capture, req, res)
  prepare(req, res, exchange)
  return exchange
}

/** An upgrade is recorded at its handshake: by the head that is written first on its socket, or by its end without one. */
function openUpgrade(
  capture: NodeCapture,
  req: IncomingMessage,
  socket: Socket,
  beginning?: string,
): Exchange | undefined {
  if (exchangeOf(req, capture.recorder) !== undefined) return undefined
  const exchange = beginExchange(capture, req, new NodeSource(capture, req))
  if (exchange !== undefined) endWithNextWrite(capture, exchange, socket, beginning)
  return exchange
}

/** Node's parser errors: a code of its own (HPE_…, ERR_HTTP_REQUEST_TIMEOUT), and what had been received. */
interface ParserError extends Error {
  readonly code?: string
  readonly rawPacket?: Buffer
}

function openRefused(capture: NodeCapture, error: ParserError, socket: Connection): Exchange | undefined {
  const { recorder } = capture
  // The connection failed, or the body of a request that has a handler was malformed: those exchanges end by themselves.
  if (socket.destroyed || socket[LAST_REQUEST]?.complete === false) return undefined
  // Attached twice, a server still has one record of it.
  if (exchangeOf(error, recorder) !== undefined) return undefined
  const decision = recorder.decide(null, '', undefined)
  if (decision === undefined) return undefined
  const address = recorder.clientAddress(socket.remoteAddress, undefined)
  const source = { user: () => null, address: () => address, ending: () => UNANSWERED }
  const exchange = new Exchange(recorder, refusedFacts(error, socket), source, decision, exchangesOf(error))
  markUnseen(error, exchange)
  exchange.fail(error)
  endWithNextWrite(capture, exchange, socket)
  return exchange
}

function endWithNextWrite({ headerText }: NodeCapture, exchange: Exchange, socket: Socket, beginning?: string): void {
  onNextHead(
    socket,
    (head) => {
      if (head === undefined) exchange.endAs({ ...UNANSWERED, endedBy: http1EndedBy(socket) })
      else exchange.endAs({ head: headerText.fromHead(head), complete: true })
    },
    beginning,
  )
}

/** What can be told of a request that was not understood: its request line, where it stands at the head of what came. */
function refusedFacts({ rawPacket }: ParserError, socket: Socket): RequestFacts {
  const line =
    rawPacket === undefined
      ? null
      : /^([A-Z]{1,32}) ([^\r\n]{1,8192}?) HTTP\/\d/.exec(rawPacket.toString('latin1', 0, 8_300))
  const [, method, target] = line ?? []
  const scheme = 'encrypted' in socket ? 'https' : 'http'
  const { localAddress, localPort } = socket
  return {
    method: method ?? null,
    url:
      target === undefined
        ? null
        : requestUrl({ target, host: undefined, scheme, localAddress, localPort, forwarded: undefined }),
    userAgent: null,
    requestId: undefined,
    traceId: undefined,
  }
}

/** Options for a server whose response class sees what no event tells of: a missing Host (400), an expectation that fails (417). */
export function responseClass<Base extends new (req: IncomingMessage, ...rest: never[]) => ServerResponse>(
  capture: NodeCapture,
  base: Base,
): Base {
  const Audited = class extends (base as unknown as new (req: IncomingMessage, ...rest: unknown[]) => ServerResponse) {
    constructor(req: IncomingMessage, ...rest: unknown[]) {
      super(req, ...rest)
      openExchange(capture, req, this)
    }
  }
  return Audited as unknown as Base
}
