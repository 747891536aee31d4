import http from 'node:http'
import { type ClientHttp2Session, connect } from 'node:http2'
import https from 'node:https'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { connectRaw, type RawResponse } from '../../support/raw-client.ts'
import type { Mounted, Quirks } from './harness.ts'

export interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export interface Answered {
  readonly status: number
  /** In the order in which they came, names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** Asks once, over a connection of its own, in the protocol of the adapter. */
export function ask(
  app: Mounted,
  quirks: Pick<Quirks, 'protocol'>,
  path: string,
  asking: Asking = {},
): Promise<Answered> {
  return quirks.protocol === 'http2' ? askHttp2(app, path, asking) : askHttp1(app, path, asking)
}

function askHttp1(app: Mounted, path: string, { method = 'GET', headers, body }: Asking): Promise<Answered> {
  const { request } = app.url.startsWith('https') ? https : http
  return new Promise((resolve, reject) => {
    const options = {
      port: app.port,
      host: '127.0.0.1',
      path,
      method,
      headers,
      agent: false,
      rejectUnauthorized: false,
    }
    const req = request(options, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', reject)
      res.on('end', () =>
        resolve({
          status: res.statusCode ?? 0,
          headers: pairs(res.rawHeaders),
          body: Buffer.concat(chunks).toString('latin1'),
        }),
      )
    })
    req.on('error', reject)
    req.end(body)
  })
}

function pairs(raw: readonly string[]): [string, string][] {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [[name.toLowerCase(), raw[index + 1] ?? '']] : []))
}

/** A session that is ready. */
export async function openSession(app: Mounted): Promise<ClientHttp2Session> {
  return (await openConnection(app)).session
}

/** A session that is ready, and the connection that it runs on. */
export async function openConnection(app: Mounted): Promise<{ session: ClientHttp2Session; connection: Socket }> {
  const { port } = app
  const connection = app.url.startsWith('https')
    ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] })
    : connectTcp({ port, host: '127.0.0.1' })
  const session = connect(app.url, { createConnection: () => connection })
  session.on('error', () => undefined)
  await new Promise((resolve) => session.once('connect', resolve))
  return { session, connection }
}

async function askHttp2(app: Mounted, path: string, asking: Asking): Promise<Answered> {
  const session = await openSession(app)
  try {
    return await askOn(session, path, asking)
  } finally {
    session.close()
  }
}

/** Asks once on a session. */
export function askOn(session: ClientHttp2Session, path: string, asking: Asking = {}): Promise<Answered> {
  const { method = 'GET', headers, body } = asking
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': method, ':path': path, ...headers }, { endStream: body === undefined })
    let head: Record<string, unknown> = {}
    let received = ''
    stream.on('response', (answered) => {
      head = answered
    })
    stream.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
    })
    stream.on('error', reject)
    stream.on('close', () => {
      const { ':status': status, ...others } = head
      const entries = Object.entries(others).flatMap(([name, value]) =>
        (Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, String(one)]),
      )
      resolve({ status: Number(status), headers: entries, body: received })
    })
    if (body !== undefined) stream.end(body)
  })
}

/** What is asked by a client that can leave: its answer, `cut` where that was not complete. */
export interface Waiting {
  readonly answered: Promise<Answered | RawResponse | 'cut'>
  leave(): void
}

/** Asks for `path`, `/raw/x` if none is given, and lets the client leave before it has its answer. */
export async function askWaiting(
  app: Mounted,
  { protocol, tls = false }: Pick<Quirks, 'protocol' | 'tls'>,
  path: string = '/raw/x',
): Promise<Waiting> {
  if (protocol === 'http2') {
    const session = await openSession(app)
    return { answered: askOn(session, path).catch(() => 'cut' as const), leave: () => session.destroy() }
  }
  const client = await connectRaw({ port: app.port, tls })
  client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
  const answered = client.responses(['GET']).then(
    ([first]) => first ?? 'cut',
    () => 'cut' as const,
  )
  return { answered, leave: client.reset }
}
