import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  connect,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import type { AddressInfo, Server, Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { describe, expect, it } from 'vitest'
import { createHoldControl } from '../../test/support/hold-control.ts'
import { nodeAudit } from '../adapters/node.ts'
import { createAuditLog } from '../audit-log/create-audit-log.ts'
import { holdResponse } from './hold.ts'

setFlagsFromString('--allow-natives-syntax')
const isYoung = new Function('value', 'return %InYoungGeneration(value)') as (value: object) => boolean

/** One for all sockets. */
const ofNode: ReadonlySet<string> = new Set(['setEncoding'])

/** The names of an object's own methods that V8 has made among its old objects: each keeps what it refers to for long after its end. */
function oldMethodsOf(target: object): readonly string[] {
  return methodsOf(target)
    .filter(([name, method]) => !isYoung(method) && !ofNode.has(name))
    .map(([name]) => name)
}

function methodsOf(target: object): readonly (readonly [string, object])[] {
  return Object.entries(Object.getOwnPropertyDescriptors(target)).flatMap(([name, { value }]) =>
    typeof value === 'function' ? [[name, value] as const] : [],
  )
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

interface Seen {
  readonly methods: readonly string[]
  readonly old: readonly string[]
}

function see(...targets: readonly object[]): Seen {
  return { methods: targets.flatMap(methodsOf).map(([name]) => name), old: targets.flatMap(oldMethodsOf) }
}

/** What a handler saw of one request over HTTP/1. */
async function seenOnHttp1(handler: (req: IncomingMessage, res: ServerResponse) => Seen): Promise<Seen | undefined> {
  let seen: Seen | undefined
  const server = createServer((req, res) => {
    seen = handler(req, res)
  })
  const response = await fetch(`http://127.0.0.1:${await listening(server)}`)
  await response.text()
  server.close()
  return seen
}

describe('the objects of a request', () => {
  it('have no method of ours that outlives them, where the exchange is recorded', async () => {
    const audit = createAuditLog({ logHandler: () => undefined })
    const seen = await seenOnHttp1((req, res) => {
      nodeAudit(audit)(() => undefined)(req, res)
      const now = see(req, res)
      res.end('done')
      return now
    })
    await audit.close()
    expect(seen?.methods).toEqual(expect.arrayContaining(['emit', 'writeHead']))
    expect(seen?.old).toEqual([])
  })

  it('have none where the response is held on HTTP/1', async () => {
    const hold = createHoldControl()
    const seen = await seenOnHttp1((_req, res) => {
      holdResponse(res, hold.options())
      const socket = res.socket as Socket
      res.end('done')
      setImmediate(() => hold.release())
      return see(res, socket)
    })
    expect(seen?.methods).toEqual(expect.arrayContaining(['end', 'write', 'flushHeaders']))
    expect(seen?.old).toEqual([])
  })

  it('have none where the response is held on HTTP/2', async () => {
    const hold = createHoldControl()
    let seen: Seen | undefined
    const server = createHttp2Server((_req: Http2ServerRequest, res: Http2ServerResponse) => {
      holdResponse(res, hold.options())
      const { stream } = res
      res.end('done')
      seen = see(res, stream)
      setImmediate(() => hold.release())
    })
    const client = connect(`http://127.0.0.1:${await listening(server)}`)
    await once(client.request({ ':path': '/' }).resume(), 'close')
    client.close()
    server.close()
    expect(seen?.methods).toEqual(expect.arrayContaining(['end', 'write', 'respond']))
    expect(seen?.old).toEqual([])
  })
})
