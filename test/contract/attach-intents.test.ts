import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { nodeAudit } from '../../src/adapters/node.ts'
import type { Settings } from '../../src/audit-log/settings.ts'
import { connectRaw } from '../support/raw-client.ts'
import { aWhile } from '../support/time.ts'
import { type Commit, createCommit } from './adapter/commit.ts'
import { openAudit } from './adapter/harness.ts'
import { serve } from './node-app.ts'

/** A server that records first all that it is asked, with the listeners that `app` adds. */
async function open(commit: Commit, app: (server: http.Server) => void, settings: Settings = {}) {
  const { audit } = openAudit(
    { guarantee: 'recorded-first', onError: () => undefined, ...settings },
    { trail: commit.trail },
  )
  const server = http.createServer()
  app(server)
  nodeAudit(audit).attach(server)
  const { port, close } = await serve(server)
  onTestFinished(async () => {
    await close()
    await audit.close()
  })
  return { audit, client: await connectRaw(port) }
}

test.each([
  ['checkContinue', '100-continue'],
  ['checkExpectation', 'something else'],
])('%s is heard when its intent is kept, and not before', async (event, expectation) => {
  const commit = createCommit()
  const heard: string[] = []
  const { client } = await open(commit, (server) => {
    server.on(event, (req: IncomingMessage, res: ServerResponse) => {
      heard.push(event)
      if (event === 'checkContinue') res.writeContinue()
      req.on('data', (data) => heard.push(String(data)))
      req.on('end', () => res.end('done'))
    })
  })
  client.send(`POST /x HTTP/1.1\r\nHost: a\r\nExpect: ${expectation}\r\nContent-Length: 4\r\n\r\nbody`)
  await commit.asked()
  await aWhile()
  expect([heard, client.received()]).toEqual([[], ''])
  commit.release()
  await client.until((text) => text.includes('done'))
  expect(heard).toEqual([event, 'body'])
  client.reset()
  await commit.asked(2)
  expect(commit.exchanges()).toMatchObject([{ outcome: 'success' }])
})

test('CONNECT is heard when its intent is kept, with all that was sent meanwhile', async () => {
  const commit = createCommit()
  const { client } = await open(commit, (server) => {
    server.on('connect', (_req: IncomingMessage, socket: Socket, head: Buffer) => {
      socket.on('error', () => undefined)
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.write(head)
      socket.pipe(socket)
    })
  })
  client.send('CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\nfirst ')
  await commit.asked()
  client.send('second')
  await aWhile()
  expect(client.received()).toBe('')
  commit.release()
  await client.until((text) => text.endsWith('first second'))
  client.reset()
  await commit.asked(2)
  expect(commit.exchanges()).toMatchObject([{ http_response: { status_code: 200 } }])
})

const upgrade = 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'

test('an upgrade whose intent cannot be kept is refused under closed', async () => {
  const commit = createCommit()
  const { audit, client } = await open(
    commit,
    (server) => server.on('upgrade', () => expect.unreachable('it was upgraded')),
    { onFailure: 'closed' },
  )
  client.send(upgrade)
  await commit.asked()
  commit.fail()
  expect(await client.closed).toBe('end')
  expect(client.received()).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n.*Connection: close\r\n\r\n\{/s)
  await commit.asked(2)
  expect(commit.exchanges()).toMatchObject([{ outcome: 'failure', http_response: { status_code: 503 } }])
  expect(audit.health()).toMatchObject({ held: 0, counters: { lost: 0, refused: 1 } })
})

test('an upgrade whose client breaks off meanwhile harms nobody, and is not heard', async () => {
  const commit = createCommit()
  const { client } = await open(commit, (server) => {
    server.on('upgrade', () => expect.unreachable('it was upgraded'))
  })
  client.send(upgrade)
  await commit.asked()
  client.reset()
  await commit.asked(2)
  commit.release()
  await aWhile()
  expect(commit.exchanges()).toMatchObject([{ http_response: { status_code: null } }])
})

test('what a handler throws is thrown where it would be without us', async () => {
  const commit = createCommit()
  const { client } = await open(commit, (server) => {
    server.on('request', () => {
      throw new Error('from the handler')
    })
  })
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  const thrown = new Promise((resolve) => process.once('uncaughtException', resolve))
  client.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
  await commit.asked()
  commit.release()
  expect(await thrown).toMatchObject({ message: 'from the handler' })
  for (const listener of others) process.on('uncaughtException', listener)
  client.reset()
})
