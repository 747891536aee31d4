import type { AuditLog } from '../audit-log/audit-log.ts'
import { boolean } from '../audit-log/parse-values.ts'
import { type Field, type Parser, wrong } from '../audit-log/parser.ts'
import { openPortably } from '../audit-log/portable.ts'
import { type PortableSettings, portableSettings } from '../audit-log/portable-settings.ts'
import { readSettings } from '../audit-log/read-settings.ts'
import type { ResolvedSettings } from '../audit-log/resolved-settings.ts'
import { type FetchPlatform, recordFetch } from '../exchange/fetch-exchange.ts'
import type { FetchCapture } from '../exchange/fetch-source.ts'
import { createHeaderText } from '../exchange/header-text.ts'
import { exchangeOf } from '../exchange/marks.ts'
import type { Recorder } from '../exchange/recorder.ts'
import { AuditError, safeReasonOf } from '../lib/errors.ts'
import { property } from '../lib/property.ts'
import type { Logger } from '../record/logger.ts'

/** What the platform hands to a handler beside the request: an environment, a context, a server. */
type Rest = readonly unknown[]

/** A handler as platforms for `fetch` know it. */
type Handler<Values extends Rest> = (request: Request, ...rest: Values) => Response | Promise<Response>

interface FetchOptions<Values extends Rest> {
  /** Keeps the platform from ending before the record was delivered. Default: `waitUntil` of whatever has one among what the handler is given, as the context of Workers. */
  readonly waitUntil?: ((promise: Promise<void>, request: Request, ...rest: Values) => unknown) | undefined
  /** Whether the last part of a response waits until its record was delivered, at most `holdTimeoutMs`: for platforms that freeze when it has gone out. Default: false. */
  readonly flushBeforeEnd?: boolean | undefined
  /** The address of the connection, as the platform tells it. Default: none is known, and `user.ip` is null but for `trustedProxies`. */
  readonly clientAddress?: ((request: Request, ...rest: Values) => string | null | undefined) | undefined
}

/** What `fetchAudit` takes: settings of the audit log, and what the platform is like. */
export type FetchSettings<Values extends Rest = Rest> = PortableSettings<Request> & FetchOptions<Values>

/** Wraps handlers so that every request leaves one record. */
export interface FetchAudit<Values extends Rest = Rest> {
  <HandlerValues extends Values>(
    handler: Handler<HandlerValues>,
  ): (request: Request, ...rest: HandlerValues) => Promise<Response>
  readonly audit: AuditLog
  /** The logger of a request that is being handled, where `audit.current()` cannot be had; always safe to call. */
  auditLogOf(request: Request): Logger
}

/**
 * Records every request of a handler from `Request` to `Response`, on any platform. It imports nothing of Node's.
 *
 * @example
 * const audited = fetchAudit({ logHandler: (line) => console.log(line.trimEnd()) })
 * export default { fetch: audited((request) => new Response('hello')) }
 */
export function fetchAudit<Values extends Rest = Rest>(settings: FetchSettings<Values>): FetchAudit<Values> {
  const resolved = readSettings<ResolvedSettings & ResolvedOptions>({ ...portableSettings, ...options }, settings)
  const audit = openPortably(resolved)
  const { recorder } = audit
  const capture: FetchCapture = {
    recorder,
    framework: {},
    headerText: createHeaderText(recorder.redactor),
    flush: () => audit.flush(),
    flushLimitMs: resolved.flushBeforeEnd ? resolved.holdTimeoutMs : undefined,
  }
  const wrap = (handler: Handler<Rest>) =>
    function (this: unknown, request: Request, ...rest: unknown[]): Promise<Response> {
      const platform = platformOf(resolved, recorder, request, rest)
      return recordFetch(capture, { request, known: request }, platform, () =>
        Reflect.apply(handler, this, [request, ...rest]),
      )
    }
  const auditLogOf = (request: Request): Logger => exchangeOf(request, recorder)?.logger ?? recorder.silent
  return Object.assign(wrap, { audit, auditLogOf }) as FetchAudit<Values>
}

interface ResolvedOptions {
  readonly waitUntil: ((promise: Promise<void>, ...values: Rest) => unknown) | undefined
  readonly flushBeforeEnd: boolean
  readonly clientAddress: ((...values: Rest) => unknown) | undefined
}

const options: { readonly [Name in keyof ResolvedOptions]: Field<ResolvedOptions[Name]> } = {
  waitUntil: { parse: aFunction, fallback: { value: undefined } },
  flushBeforeEnd: { parse: boolean, fallback: { value: false } },
  clientAddress: { parse: aFunction, fallback: { value: undefined } },
}

function aFunction<Value>(given: unknown, at: string): ReturnType<Parser<Value>> {
  return typeof given === 'function' ? { value: given as Value } : wrong(given, at, 'a function')
}

function platformOf(resolved: ResolvedOptions, recorder: Recorder, request: Request, rest: Rest): FetchPlatform {
  const { waitUntil, clientAddress } = resolved
  return {
    peer: clientAddress === undefined ? undefined : addressFrom(clientAddress, recorder, [request, ...rest]),
    waitUntil: waitUntil === undefined ? waitUntilAmong(rest) : (promise) => waitUntil(promise, request, ...rest),
  }
}

function addressFrom(ask: (...values: Rest) => unknown, recorder: Recorder, values: Rest): string | undefined {
  try {
    const address = ask(...values)
    return typeof address === 'string' ? address : undefined
  } catch (error) {
    recorder.report(new AuditError('ADDRESS_NOT_READ', { reason: safeReasonOf(error) }, error))
    return undefined
  }
}

/** A context's own method: on Workers it must be called on its context. */
function waitUntilAmong(rest: Rest): FetchPlatform['waitUntil'] {
  const context = rest.find((value) => typeof property(value, 'waitUntil') === 'function')
  if (context === undefined) return undefined
  return (promise) => (context as { waitUntil(promise: Promise<void>): unknown }).waitUntil(promise)
}
