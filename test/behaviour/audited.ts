/** What tests of behaviour share: an audit log in memory, an app on a real server, and a client that sends just what it is told. */
import { once } from 'node:events'
import http, { type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { type AddressInfo, connect, type ListenOptions } from 'node:net'
import express, { type Express } from 'express'
import { onTestFinished } from 'vitest'
import type { AuditLog } from '../../src/audit-log/audit-log.ts'
import { createAuditLog } from '../../src/audit-log/create-audit-log.ts'
import type { Settings } from '../../src/audit-log/settings.ts'
import type { AuditError } from '../../src/lib/errors.ts'
import type { AuditRecord } from '../../src/record/record.ts'
import { type MemorySink, memorySink } from '../../src/testing/memory-sink.ts'
import { PATIENCE_MS } from '../support/time.ts'

export interface Opened {
  readonly audit: AuditLog
  readonly sink: MemorySink
  /** What the `onError` hook was told. */
  readonly errors: readonly AuditError[]
  /** The record there is, once there is one; the test fails where there are more. */
  record(): Promise<AuditRecord>
  /** Just so many records, no more. */
  records(count: number): Promise<readonly AuditRecord[]>
}

let names = 0

/** An audit log whose records stay in memory; closed after the test. */
export function open(settings: Settings<never> = {}, parts: Parameters<typeof createAuditLog>[1] = {}): Opened {
  const sink = memorySink()
  const errors: AuditError[] = []
  names += 1
  const audit = createAuditLog(
    {
      loggerName: `audit_log_${names}`,
      logHandler: sink,
      onError: (error) => {
        errors.push(error)
      },
      // A fifth of it is for requests that never end.
      closeTimeoutMs: 2_000,
      ...(settings as Settings),
    },
    parts,
  )
  onTestFinished(() => audit.close())
  const records = async (count: number): Promise<readonly AuditRecord[]> => {
    await sink.waitFor(count, PATIENCE_MS)
    await audit.flush()
    if (sink.records.length !== count) throw new Error(`There are ${sink.records.length} records, not ${count}.`)
    return sink.records
  }
  return { audit, sink, errors, records, record: async () => (await records(1))[0]! }
}

/** An Express app that prints no errors. */
export function quietApp(): Express {
  return express().set('env', 'test')
}

/** A server on a free port, closed after the test. */
export async function serve(listener: RequestListener, where: ListenOptions = { host: '127.0.0.1' }): Promise<number> {
  const server = http.createServer({ maxHeaderSize: 100_000 }, listener)
  server.listen(where.path === undefined ? { port: 0, ...where } : where)
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Sent extends http.RequestOptions {
  readonly body?: string
}

/** One request; the answer in full. */
export async function send(port: number, path: string, { body, ...options }: Sent = {}): Promise<Answer> {
  const req = http.request({ host: '127.0.0.1', port, path, maxHeaderSize: 100_000, ...options })
  req.end(body)
  const [res] = (await once(req, 'response')) as [http.IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of res) chunks.push(chunk as Buffer)
  return { status: res.statusCode!, headers: res.headers, body: Buffer.concat(chunks).toString() }
}

export function postJson(
  port: number,
  path: string,
  value: unknown,
  headers: http.OutgoingHttpHeaders = {},
): Promise<Answer> {
  const body = JSON.stringify(value)
  return send(port, path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })
}

/** Sends these very bytes (latin1) on a connection of its own, and gives all that comes until it closes. */
export async function sendRaw(port: number, text: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.write(text, 'latin1')
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('latin1')
}

/** A GET with these header lines, by hand, that closes its connection. */
export function get(target: string, ...headers: readonly string[]): string {
  const lines = headers.some((line) => /^host:/i.test(line)) ? headers : ['Host: app.example.org', ...headers]
  return `${[`GET ${target} HTTP/1.1`, ...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** The records of one kind of request, by the end of its path. */
export function ofPath(records: readonly AuditRecord[], path: string): AuditRecord {
  const found = records.filter(({ http_request }) => http_request?.url?.endsWith(path))
  if (found.length !== 1) throw new Error(`${found.length} records of ${path}`)
  return found[0]!
}
