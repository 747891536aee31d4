import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import type { Server } from 'node:net'
import { type Audited, type NodeAudit, nodeAudit } from '../../src/adapters/node.ts'
import { listen } from '../support/hold-control.ts'
import { testCertificate } from '../support/test-certificate.ts'
import { annotate, type Mount, type Mounted, type MountOptions } from './adapter/harness.ts'

type Listener = (req: IncomingMessage, res: ServerResponse) => void
type Options = Partial<NodeAudit['serverOptions']>

/** The kinds of server that Node has. */
export type Kind = 'http' | 'https' | 'h2c' | 'http2, secure' | 'http2 with allowHTTP1'

const servers: Record<Kind, (listener: Listener, options: Options) => Server> = {
  http: (listener, options) => http.createServer(options as http.ServerOptions, listener),
  https: (listener, options) =>
    https.createServer({ ...testCertificate, ...(options as https.ServerOptions) }, listener),
  h2c: (listener) => http2.createServer(listener as never),
  'http2, secure': (listener) => http2.createSecureServer(testCertificate, listener as never),
  'http2 with allowHTTP1': (listener) =>
    http2.createSecureServer({ ...testCertificate, allowHTTP1: true }, listener as never),
}

/** How the audit log comes to the server: around the handler, at the server, or both. */
export interface Mounting {
  readonly kind: Kind
  readonly wraps?: boolean
  readonly attaches?: boolean
  readonly serverOptions?: boolean
}

/** Mounts the contract's app on a server of Node's own. */
export function mountNode({ kind, wraps = true, attaches = false, serverOptions = false }: Mounting): Mount {
  return async (options) => {
    const audits = options.audits.map((audit) => nodeAudit(audit))
    let listener: Listener = createHandler(options)
    if (wraps) for (const audited of audits.toReversed()) listener = audited(listener as never) as Listener
    const server = servers[kind](listener, serverOptions ? (audits[0]?.serverOptions ?? {}) : {})
    if (attaches) for (const audited of audits) audited.attach(server)
    return serve(server, kind)
  }
}

export async function serve(server: Server, kind: Kind = 'http'): Promise<Mounted> {
  const sessions = new Set<{ destroy(): void }>()
  const sockets = new Set<{ destroy(): void }>()
  for (const event of ['connection', 'secureConnection']) server.on(event, (socket) => sockets.add(socket))
  server.on('session', (session) => sessions.add(session))
  const { port } = await listen(server)
  const scheme = kind === 'http' || kind === 'h2c' ? 'http' : 'https'
  let closing: Promise<void> | undefined
  return {
    server,
    port,
    url: `${scheme}://127.0.0.1:${port}`,
    close() {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve())
        for (const session of sessions) session.destroy()
        for (const socket of sockets) setImmediate(() => socket.destroy())
      })
      return closing
    },
  }
}

function createHandler({ raw, audits }: MountOptions): Listener {
  const route = async (req: Audited<IncomingMessage>, res: ServerResponse): Promise<void> => {
    const { pathname, search } = new URL(req.url ?? '', 'http://a')
    const [, first, second = ''] = pathname.split('/')
    switch (first) {
      case 'raw':
        await raw(req, res)
        break
      case 'text':
        res.setHeader('Content-Type', 'text/plain')
        res.end('hello')
        break
      case 'status':
        res.statusCode = Number(second)
        res.end(second === '204' ? undefined : `status ${second}`)
        break
      case 'throw':
      case 'reject':
        throw new Error('db down')
      case 'teapot':
        res.statusCode = 418
        res.end('teapot')
        break
      case 'cookies':
        res.setHeader('Set-Cookie', ['a=1', 'b=2'])
        res.end()
        break
      case 'etag':
        res.setHeader('ETag', '"a"')
        if (req.headers['if-none-match'] === '"a"') res.writeHead(304).end()
        else res.end('hello')
        break
      case 'length':
        await new Promise((resolve) => setTimeout(resolve, 100))
        res.end(String((await read(req)).length))
        break
      case 'parsed':
        JSON.parse(String(await read(req)))
        audits[0]?.current().info('parsed')
        res.end()
        break
      case 'annotate':
        await annotate(second, req.auditLog)
        res.end(second)
        break
      case 'nested':
        res.end(pathname.slice('/nested'.length) + search)
        break
      default:
        res.statusCode = 404
        res.end('not found')
        break
    }
  }
  // Node has no error page; what an app of its own would do.
  return (req, res) =>
    void route(req as Audited<IncomingMessage>, res).catch(() => {
      res.statusCode = 500
      res.end('sorry')
    })
}

async function read(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
