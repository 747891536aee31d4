import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server } from 'node:net'
import { expect, onTestFinished } from 'vitest'
import type { AuditLog } from '../../../src/audit-log/audit-log.ts'
import { openAuditLog } from '../../../src/audit-log/create-audit-log.ts'
import type { InnerParts } from '../../../src/audit-log/open-audit-log.ts'
import { resolveSettings } from '../../../src/audit-log/resolve-settings.ts'
import type { Settings } from '../../../src/audit-log/settings.ts'
import type { AuditRecord } from '../../../src/record/record.ts'
import { memorySink } from '../../../src/testing/memory-sink.ts'
import { createSignal } from '../../support/hold-control.ts'
import { PATIENCE_MS } from '../../support/time.ts'

/** A handler on the request and response of Node itself, whatever the framework. */
export type RawHandler = (req: IncomingMessage, res: ServerResponse) => unknown

/**
 * An app of the framework under test, listening, with these routes, each in the framework's own idiom:
 *
 * - `GET /text`: 200, `text/plain`, `hello`
 * - `GET /status/:code`: that status; body `status <code>`, none for 204
 * - `GET /throw`, `GET /reject`: throws, or rejects with, `new Error('db down')`; what follows is the framework's default
 * - `GET /teapot`: fails with an error that the app's own error handler answers with 418, body `teapot`
 * - `GET /cookies`: 200 with `Set-Cookie: a=1` and `Set-Cookie: b=2`
 * - `GET /etag`: `hello` with `ETag: "a"`; 304 for `If-None-Match: "a"`
 * - `POST /length`: waits 100 ms before it reads the body; its number of bytes
 * - `POST /parsed`: reads a JSON body with the framework's habitual parser, then calls `audits[0]?.current().info('parsed')`
 * - `GET /annotate/:id`: calls `annotate` below on its logger, and answers with the id
 * - `/nested/…`: a mounted part of the app (router, prefix) that answers everything with 200 and the path that is left
 * - `/raw/…`: every request, of any method, is given to `raw`
 * - everything else: the framework's own 404
 */
export interface MountOptions {
  /** None: the bare app. One twice: mounted twice. Two: both, the first outermost. */
  readonly audits: readonly AuditLog[]
  readonly raw: RawHandler
  /** With the framework's compression, around the audit log or within. */
  readonly compression?: 'outside' | 'inside' | undefined
}

export interface Mounted {
  readonly url: string
  readonly port: number
  readonly server: Server
  /** Stops listening and closes every connection. */
  close(): Promise<void>
}

export type Mount = (options: MountOptions) => Promise<Mounted>

/** How an adapter differs from the others. */
export interface Quirks {
  /** The row of `docs/guarantees.md` that it stands in. */
  readonly row: string
  readonly protocol?: 'http1' | 'http2'
  readonly tls?: boolean
  /** Whether the framework hands over the errors that it answers by default, so that they are in the record. */
  readonly keepsErrors?: boolean
  /** The framework has compression of its own or as a usual middleware. */
  readonly compresses?: boolean
  /** Whether one listener stays on each connection. */
  readonly listensToSockets?: boolean
  /** Whether `/nested` gives its handler a shorter path. */
  readonly shortensNested?: boolean
  /** Whether the framework's server refuses `OPTIONS *` before any middleware sees it. */
  readonly refusesAsterisk?: boolean
}

export interface StartOptions {
  readonly raw?: RawHandler
  readonly settings?: Settings
  /** How often the same audit log is mounted; 0 for the bare app. */
  readonly times?: number
  readonly compression?: 'outside' | 'inside' | undefined
  readonly trail?: InnerParts['trail'] | undefined
}

export interface Started extends Mounted {
  readonly audit: AuditLog
  /** The records that were made, once there are so many, the server is closed and nothing more can come: exactly so many. */
  records(count: number): Promise<readonly AuditRecord[]>
  /** The only record. */
  record(): Promise<AuditRecord>
  /** Resolves with the calls of `raw` once there were so many. */
  entered(count?: number): Promise<readonly Call[]>
  readonly kept: readonly AuditRecord[]
}

export interface Call {
  readonly req: IncomingMessage
  readonly res: ServerResponse
}

let names = 0

/** An audit log of a name of its own that keeps its records in memory, and holds what it holds until a test lets go. */
export function openAudit(
  settings: Settings = {},
  parts: InnerParts = {},
): { audit: AuditLog; sink: ReturnType<typeof memorySink> } {
  const sink = memorySink()
  names += 1
  const trail = parts.trail === undefined ? {} : { trail: { directory: `contract-${names}` } }
  const given = { loggerName: `contract ${names}`, logHandler: sink, holdTimeoutMs: 60_000, ...trail, ...settings }
  const resolved = resolveSettings(given as Settings, {})
  return { audit: openAuditLog(resolved, parts), sink }
}

/** Starts the app of an adapter for one test. */
export async function start(mount: Mount, options: StartOptions = {}): Promise<Started> {
  const { raw = (_req, res) => res.end(), settings, times = 1, compression, trail } = options
  const { audit, sink } = openAudit(settings, trail === undefined ? {} : { trail })
  const calls: Call[] = []
  const signal = createSignal()
  const mounted = await mount({
    audits: Array.from({ length: times }, () => audit),
    compression,
    raw(req, res) {
      calls.push({ req, res })
      signal.notify()
      return raw(req, res)
    },
  })
  onTestFinished(async () => {
    await mounted.close()
    await audit.close()
  })
  const records = async (count: number): Promise<readonly AuditRecord[]> => {
    await sink.waitFor(count, PATIENCE_MS)
    await mounted.close()
    await audit.close()
    expect(sink.records).toHaveLength(count)
    return sink.records
  }
  return {
    ...mounted,
    audit,
    kept: sink.records,
    records,
    record: async () => (await records(1))[0] as AuditRecord,
    async entered(count = 1) {
      await signal.until(() => calls.length >= count)
      return calls
    },
  }
}

/** What `/annotate/:id` does with its logger: everything bears the id. */
export async function annotate(
  id: string,
  logger: AuditLog extends { logger(): infer L } ? L | undefined : never,
): Promise<void> {
  logger?.setUser({ id: `user-${id}`, roles: [id] })
  await new Promise((resolve) => setTimeout(resolve, (Number(id) * 7) % 13))
  logger?.setFilter('Bicycle', 'colour', `terms-${id}`).setResults([{ id }]).warning(`message ${id}`)
}
