import type { IncomingMessage, ServerResponse } from 'node:http'
import { property } from '../lib/property.ts'
import { AnnotatingLogger } from '../record/annotating-logger.ts'

type Values = Readonly<Record<string, unknown>>

/** What a handler was called with, read alike from every framework's own request or context. */
export interface HandledRequest {
  readonly logger: AnnotatingLogger
  readonly method: string
  readonly params: Values
  readonly query: Values
  /** Calls back once, when it is known how the request is answered; a body is the value that was given, before it is encoded. */
  whenAnswered(tell: (status: number, body: unknown) => void): void
  /** The same, where the answer is what the handler returns. */
  returned?(result: unknown): void
}

/** Reads what a handler was called with; undefined where no logger is found, so that nothing is audited. */
export function readHandled(values: readonly unknown[]): HandledRequest | undefined {
  const [first, second] = values
  if (typeof first !== 'object' || first === null) return undefined
  const own = property(first, 'auditLog')
  if (own instanceof AnnotatingLogger) {
    return property(first, 'response') === undefined ? ofRequest(first, second, own) : ofKoa(first, own)
  }
  const set = property(property(first, 'var'), 'auditLog')
  return set instanceof AnnotatingLogger ? ofHono(first as HonoContext, set) : undefined
}

/** Express, Fastify and node:http: a request, and a response or reply. */
function ofRequest(req: object, res: unknown, logger: AnnotatingLogger): HandledRequest {
  return {
    ...common(req, logger),
    whenAnswered(tell) {
      let body: unknown
      const note = (given: unknown): void => {
        body = given
      }
      const raw = property(res, 'raw')
      if (raw === undefined) seeFirst(res, 'json', note)
      else seeFirst(res, 'send', note)
      whenHeadIsWritten(raw ?? res, (status) => tell(status, body))
    },
  }
}

function ofKoa(ctx: object, logger: AnnotatingLogger): HandledRequest {
  return {
    ...common(ctx, logger),
    whenAnswered(tell) {
      whenHeadIsWritten(property(ctx, 'res'), (status) => tell(status, property(ctx, 'body')))
    },
  }
}

interface HonoContext {
  readonly req: { readonly method: string; param(): Values; query(): Values }
}

function ofHono(ctx: HonoContext, logger: AnnotatingLogger): HandledRequest {
  const { req } = ctx
  let body: unknown
  let told: ((status: number, body: unknown) => void) | undefined
  return {
    logger,
    method: req.method,
    params: req.param(),
    query: req.query(),
    whenAnswered(tell) {
      told = tell
      seeFirst(ctx, 'json', (given) => {
        body = given
      })
    },
    returned(result) {
      const status = property(result, 'status')
      if (typeof status === 'number') told?.(status, body)
    },
  }
}

function common(
  source: object,
  logger: AnnotatingLogger,
): Pick<HandledRequest, 'logger' | 'method' | 'params' | 'query'> {
  return {
    logger,
    method: String(property(source, 'method')),
    params: valuesOf(property(source, 'params')),
    query: valuesOf(property(source, 'query') ?? queryOf((source as IncomingMessage).url)),
  }
}

function valuesOf(value: unknown): Values {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** For node:http, which has no query of its own. */
function queryOf(target: string | undefined): Values {
  const start = target?.indexOf('?') ?? -1
  return target === undefined || start < 0 ? {} : Object.fromEntries(new URLSearchParams(target.slice(start)))
}

/** Sees the first value that a method is called with; the method does what it did. */
function seeFirst(owner: unknown, name: string, see: (value: unknown) => void): void {
  const method = property(owner, name)
  if (typeof method !== 'function') return
  ;(owner as Record<string, unknown>)[name] = function (this: unknown, ...values: unknown[]): unknown {
    see(values[0])
    return Reflect.apply(method, this, values)
  }
}

function whenHeadIsWritten(res: unknown, tell: (status: number) => void): void {
  if (property(res, 'headersSent') === true) return
  seeFirst(res as ServerResponse, 'writeHead', (status) => tell(Number(status)))
}
