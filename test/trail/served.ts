/*
 * Starts servers with a trail in processes of their own, asks them, and keeps what a client may rely on.
 *
 *   const server = await startServer(settings)
 *   const client = createClient(server.port, { connections: 10 })
 *   client.stop(); await server.kill()
 *   faultsInServed(linesOfTrail(filesOf(directory)), client)
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import { formatVerifierKey, verifierKeyOf } from '../../src/trail/verifier-key.ts'
import { bundled } from '../support/bundled.ts'
import { createSignal } from '../support/hold-control.ts'
import type { Line } from '../support/trail-lines.ts'
import type { ServerSettings } from './server.ts'

const bundle = bundled(new URL('./server.ts', import.meta.url))

export const origin = 'example.org/bicycles/audit'
const pair = generateKeyPairSync('ed25519')
/** The signing key of all these trails, as PEM, and what verifies it. */
export const key: string = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
export const verifierKey: string = formatVerifierKey(verifierKeyOf(origin, pair.publicKey))

export interface Server {
  readonly port: number
  readonly process: ChildProcess
  /** Resolves when the trail is open; rejects where it could not be opened. */
  readonly ready: Promise<void>
  /** Everything that the server has reported. */
  errors(): string
  kill(): Promise<void>
  close(): Promise<void>
}

/** Starts a server; `before` are a command and its arguments that run it, such as strace's. */
export async function startServer(
  settings: Omit<ServerSettings, 'key' | 'origin'>,
  before: readonly string[] = [],
): Promise<Server> {
  const argument = JSON.stringify({ ...settings, key, origin } satisfies ServerSettings)
  const [command = '', ...rest] = [...before, process.execPath, bundle, argument]
  const child = spawn(command, rest, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  const signal = createSignal()
  const told: { port?: number; ready?: unknown } = {}
  let errors = ''
  let hasEnded = false
  child.stderr?.on('data', (data: Buffer) => {
    errors += data.toString()
  })
  child.on('message', (message) => {
    Object.assign(told, message)
    signal.notify()
  })
  const ended = once(child, 'exit').then(() => {
    hasEnded = true
    signal.notify()
  })
  const ready = signal
    .until(() => told.ready !== undefined || hasEnded)
    .then(() => {
      if (told.ready !== true) throw new Error(`the trail is not open: ${told.ready} ${errors}`)
    })
  ready.catch(() => undefined)
  await signal.until(() => told.port !== undefined || hasEnded)
  if (told.port === undefined) throw new Error(`the server did not start: ${errors}`)
  return {
    port: told.port,
    process: child,
    ready,
    errors: () => errors,
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    async close() {
      if (!hasEnded) child.send('close')
      await ended
    },
  }
}

/** What a client knows. */
export interface Seen {
  /** The ids of requests whose response arrived in full. */
  readonly received: ReadonlySet<string>
  /** The ids of requests of whose handler's response anything arrived. */
  readonly begun: ReadonlySet<string>
  readonly asked: ReadonlySet<string>
}

export interface Client extends Seen {
  /** Resolves once so many responses have been received in full, or no more are. */
  until(count: number): Promise<void>
  stop(): Promise<void>
}

export interface ClientSettings {
  readonly connections?: number
  /** What the ids of the requests begin with. */
  readonly name?: string
  /** Whether it asks on after a request that was refused or broke off. Default: false. */
  readonly goesOn?: boolean
}

const paths = ['/at-once', '/later', '/in-parts']

/** Asks without pause, over so many connections, each request with an id of its own. */
export function createClient(
  port: number,
  { connections = 10, name = 'r', goesOn = false }: ClientSettings = {},
): Client {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections })
  const received = new Set<string>()
  const begun = new Set<string>()
  const asked = new Set<string>()
  const signal = createSignal()
  let isStopped = false
  const work = async (): Promise<void> => {
    while (!isStopped) {
      const id = `${name}-${asked.size}`
      asked.add(id)
      const path = `${paths[asked.size % paths.length]}?id=${id}`
      const isWhole = await ask({ agent, port, path, host: '127.0.0.1', headers: { 'x-request-id': id } }, id, () =>
        begun.add(id),
      )
      if (isWhole) received.add(id)
      else isStopped ||= !goesOn
      signal.notify()
    }
  }
  const working = Promise.all(Array.from({ length: connections }, work))
  return {
    received,
    begun,
    asked,
    until: (count) => signal.until(() => received.size >= count || isStopped),
    async stop() {
      isStopped = true
      await working
      agent.destroy()
    },
  }
}

/** Whether the whole response came, as 200. */
function ask(options: http.RequestOptions, id: string, onHead: () => void): Promise<boolean> {
  return new Promise((resolve) => {
    const req = http.get(options, (res) => {
      let body = ''
      if (res.statusCode === 200) onHead()
      res.setEncoding('utf8')
      res.on('data', (text: string) => {
        body += text
      })
      res.on('error', () => resolve(false))
      res.on('close', () => resolve(res.complete && res.statusCode === 200 && body.endsWith(`end of ${id}`)))
    })
    req.on('error', () => resolve(false))
  })
}

/** Every way in which a trail breaks what the clients of its server may rely on. */
export function faultsInServed(
  lines: readonly Line[],
  seen: readonly Seen[],
  isRecordedFirst = false,
): readonly string[] {
  const faults: string[] = []
  const records = new Map<string, number>()
  const ids = new Set<string>()
  const intents = new Map<string, string>()
  const settled = new Set<string>()
  for (const { index, record } of lines) {
    const { id, kind, exchange = '', request_id: request } = record
    if (kind === 'intent') intents.set(exchange, requestIn(record))
    else if (ids.has(id)) faults.push(`record ${id} is there twice, the second time as line ${index}`)
    ids.add(id)
    if (kind === 'interrupted' && settled.has(exchange))
      faults.push(`exchange ${exchange} was settled before line ${index}`)
    if (kind === 'interrupted' && !intents.has(exchange)) faults.push(`line ${index} has no intent`)
    if (kind === undefined || kind === 'interrupted') settled.add(kind === undefined ? id : exchange)
    if (kind === undefined && request !== undefined) records.set(request, (records.get(request) ?? 0) + 1)
  }
  const named = new Set([...intents].filter(([exchange]) => settled.has(exchange)).map(([, request]) => request))
  for (const { received, begun, asked } of seen) {
    for (const id of received)
      if (records.get(id) !== 1) faults.push(`${id} was answered; it has ${records.get(id) ?? 0} records`)
    for (const id of asked) if ((records.get(id) ?? 0) > 1) faults.push(`${id} has ${records.get(id)} records`)
    if (!isRecordedFirst) continue
    for (const id of begun) if (!named.has(id)) faults.push(`the handler of ${id} ran, and nothing says so`)
  }
  return faults
}

/** The id that the client put into the request's URL. */
function requestIn(record: object): string {
  return /\bid=([\w-]+)/.exec(JSON.stringify(record))?.[1] ?? 'unknown'
}
