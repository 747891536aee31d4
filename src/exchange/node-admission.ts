import type { Socket } from 'node:net'
import { admissionOf } from './admission.ts'
import type { Exchange } from './exchange.ts'
import type { NodeRequest } from './node-request.ts'
import { isHttp2, type NodeResponse } from './node-response.ts'
import { refusal, refusalHead } from './refusal.ts'
import { runInScope } from './run-in-scope.ts'

/**
 * Runs a handler when its exchange is admitted: at once, where nothing is to be recorded first. Else nothing of the request
 * is read meanwhile; a client that is refused gets 503, and for one that has left the handler does not run.
 */
export function whenAdmitted<Result>(
  exchange: Exchange | undefined,
  req: NodeRequest,
  res: NodeResponse,
  run: () => Result,
): Result | Promise<Awaited<Result> | undefined> {
  const admission = exchange === undefined ? undefined : admissionOf(exchange)
  if (admission === undefined) return run()
  return admission.then((mayRun) => {
    if (isGone(req, res)) return undefined
    if (mayRun) return run()
    refuse(req, res)
    return undefined
  }) as Promise<Awaited<Result> | undefined>
}

/**
 * Whether what handles a request has to wait for its intent. If so, `goOn` is called when it may run, and what it throws
 * is thrown where nobody catches it, as what a listener throws is. If not, it is for the caller to go on.
 */
export function waitsForIntent(
  exchange: Exchange | undefined,
  req: NodeRequest,
  res: NodeResponse,
  goOn: () => unknown,
): boolean {
  if (exchange?.decision.guarantee !== 'recorded-first' || exchange.isAdmitted) return false
  Promise.resolve(whenAdmitted(exchange, req, res, goOn)).catch(throwOutside)
  return true
}

/** Goes on to the rest of an app in the exchange's scope, as soon as its handler may run. */
export function passOn(exchange: Exchange | undefined, req: NodeRequest, res: NodeResponse, next: () => void): void {
  const goOn = (): void => runInScope(exchange, next)
  if (!waitsForIntent(exchange, req, res, goOn)) goOn()
}

/** Whether an upgrade has to wait for its intent, likewise. Its socket is left as it is, but for errors that nobody else would hear. */
export function upgradeWaitsForIntent(exchange: Exchange, socket: Socket, goOn: () => unknown): boolean {
  const admission = admissionOf(exchange)
  if (admission === undefined) return false
  const ignore = (): void => undefined
  socket.on('error', ignore)
  admission
    .then((mayRun) => {
      socket.removeListener('error', ignore)
      if (socket.destroyed) return
      if (mayRun) goOn()
      else socket.end(`${refusalHead()}\r\n\r\n${refusal.body}`, 'latin1')
    })
    .catch(throwOutside)
  return true
}

export function isGone(req: NodeRequest, res: NodeResponse): boolean {
  return isHttp2(res) ? res.stream.destroyed : req.socket.destroyed
}

function refuse(req: NodeRequest, res: NodeResponse): void {
  if (res.headersSent) {
    res.destroy()
    return
  }
  const { status, contentType, body } = refusal
  const headers = { 'Content-Type': contentType, 'Content-Length': body.length }
  // The body of the request may be on its way, and nobody will read it.
  res.writeHead(status, isHttp2(res) ? headers : { ...headers, Connection: 'close' })
  res.end(req.method === 'HEAD' ? '' : body)
}

function throwOutside(error: unknown): void {
  setImmediate(() => {
    throw error
  })
}
