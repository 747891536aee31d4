import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { RequestListener, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import compression from 'compression'
import express from 'express'
import express4 from 'express4'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHoldControl, type HoldControl, serve } from '../../test/support/hold-control.ts'
import { connectRaw, parseResponses, withoutDate } from '../../test/support/raw-client.ts'
import { aWhile } from '../../test/support/time.ts'
import { holdResponse } from './hold.ts'

type Mounted = 'compression before' | 'compression after' | 'no compression'

const directory = mkdtempSync(join(tmpdir(), 'hold-'))
const file = join(directory, 'page.html')
beforeAll(() => writeFileSync(file, `<p>${'many words, '.repeat(5_000)}</p>`))
afterAll(() => rmSync(directory, { recursive: true }))

function createApp(make: typeof express, mounted: Mounted, hold: HoldControl | undefined): RequestListener {
  const app = make()
  const compressing = compression({ threshold: 0 })
  if (mounted === 'compression before') app.use(compressing)
  app.use((_req, res, next) => {
    if (hold !== undefined) holdResponse(res, hold.options())
    next()
  })
  if (mounted === 'compression after') app.use(compressing)
  app.get('/json', (_req, res) => void res.json({ words: 'word '.repeat(500) }))
  app.get('/text', (_req, res) => void res.status(404).send('none'))
  app.get('/empty', (_req, res) => void res.status(204).end())
  app.get('/redirect', (_req, res) => void res.redirect('/json'))
  app.get('/file', (_req, res) => void res.sendFile(file))
  app.get('/stream', (_req, res) => {
    res.type('html')
    createReadStream(file).pipe(res)
  })
  app.get('/events', (_req, res) => {
    res.type('text/event-stream').flushHeaders()
    res.write('data: 1\n\n')
    // Present where compression is: what it has so far is to go out.
    ;(res as ServerResponse & { flush?: () => void }).flush?.()
    setImmediate(() => res.end())
  })
  app.get('/throws', () => {
    throw Object.assign(new Error('broken'), { expose: false })
  })
  app.use(
    (_error: unknown, _req: unknown, res: express.Response, _next: unknown) => void res.status(500).send('an error'),
  )
  return app as unknown as RequestListener
}

const paths = ['/json', '/text', '/empty', '/redirect', '/file', '/stream', '/events', '/throws', '/unknown']
const methodOf = (path: string): string => (path === '/file' ? 'HEAD' : 'GET')
const requests = [...paths.map((path) => [methodOf(path), path] as const), ['GET', '/file'] as const]

function requestText(method: string, path: string): string {
  return `${method} ${path} HTTP/1.1\r\nHost: app.test\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n`
}

async function exchange(app: RequestListener, method: string, path: string): Promise<string> {
  const serving = await serve(app)
  const client = await connectRaw(serving.port)
  client.send(requestText(method, path))
  expect(await client.closed).toBe('end')
  await serving.close()
  return withoutDate(client.received())
}

/** Chunks may be cut elsewhere: compression decides that by time. */
function unchunked(text: string): readonly unknown[] {
  return parseResponses(text, ['GET'], true).map(({ head, body }) => [head, body.length])
}

for (const [version, make] of [
  ['Express 5', express],
  ['Express 4', express4 as unknown as typeof express],
] as const) {
  for (const mounted of ['no compression', 'compression before', 'compression after'] as const) {
    describe(`a held response on ${version}, ${mounted}`, () => {
      it('is not complete at the client while its record is not safe', async () => {
        const hold = createHoldControl()
        const heads: unknown[] = []
        const serving = await serve(createApp(make, mounted, hold))
        serving.server.prependListener('request', (_req, res) => heads.push(res))
        const clients = await Promise.all(
          requests.map(async ([method, path]) => {
            const client = await connectRaw(serving.port)
            client.send(requestText(method, path))
            return { client, method, path }
          }),
        )
        await hold.committed(requests.length)
        for (const res of heads) expect((res as ServerResponse).headersSent).toBe(true)
        await aWhile(100)
        for (const { client, method, path } of clients) {
          const complete = parseResponses(client.received(), [method], client.socket.readableEnded).filter(
            (got) => got.isComplete,
          )
          expect(complete, path).toEqual([])
        }
        hold.release()
        for (const { client } of clients) expect(await client.closed).toBe('end')
        await serving.close()
      })

      it.each(requests)('goes out as without us: %s %s', async (method, path) => {
        const bare = await exchange(createApp(make, mounted, undefined), method, path)
        const hold = createHoldControl()
        const held = exchange(createApp(make, mounted, hold), method, path)
        await hold.committed(1)
        hold.release()
        if (mounted === 'no compression') expect(await held).toBe(bare)
        else expect(unchunked(await held)).toEqual(unchunked(bare))
        expect(hold.commits).toBe(1)
        expect(await hold.ended(1)).toEqual(['released'])
      })
    })
  }
}
