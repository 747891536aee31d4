import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { nodeAudit } from '../../src/adapters/node.ts'
import { PATIENCE_MS } from '../support/time.ts'
import { ask } from './adapter/client.ts'
import { openAudit } from './adapter/harness.ts'
import { adapterContract } from './adapter.ts'
import { mountNode, serve } from './node-app.ts'

adapterContract('node:http', mountNode({ kind: 'http' }), { row: '`node:http`, `node:https`', shortensNested: true })
adapterContract('node:https', mountNode({ kind: 'https' }), {
  row: '`node:http`, `node:https`',
  tls: true,
  shortensNested: true,
})
adapterContract('node:http2 over clear text', mountNode({ kind: 'h2c' }), {
  row: '`node:http2`',
  protocol: 'http2',
  shortensNested: true,
})
adapterContract('node:http2, secure', mountNode({ kind: 'http2, secure' }), {
  row: '`node:http2`',
  protocol: 'http2',
  tls: true,
  shortensNested: true,
})
adapterContract('HTTP/1 on node:http2', mountNode({ kind: 'http2 with allowHTTP1' }), {
  row: '`node:http2`',
  tls: true,
  shortensNested: true,
})

describe('a handler of node:http that fails', () => {
  const failures: Record<string, (req: IncomingMessage, res: ServerResponse) => unknown> = {
    throws: () => {
      throw new RangeError('db down')
    },
    rejects: async () => {
      throw new RangeError('db down')
    },
  }

  test.each(Object.entries(failures))(
    '%s: what is around it sees the error, and so does the record',
    async (_name, fails) => {
      const { audit, sink } = openAudit()
      const audited = nodeAudit(audit)(fails) as RequestListener
      const seen: unknown[] = []
      const guarded = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
        try {
          await audited(req as never, res as never)
        } catch (error) {
          seen.push(String(error))
          res.destroy()
        }
      }
      const mounted = await serve(http.createServer((req, res) => void guarded(req, res)))
      onTestFinished(mounted.close)
      await ask(mounted, {}, '/x').catch(() => undefined)
      await sink.waitFor(1, PATIENCE_MS)
      await audit.close()
      expect(seen).toEqual(['RangeError: db down'])
      expect(sink.records).toMatchObject([
        {
          http_response: { status_code: null },
          outcome: 'failure',
          error: { type: 'RangeError', message: 'db down' },
        },
      ])
    },
  )

  test('keeps its arguments, its `this` and what it returns', () => {
    const { audit } = openAudit({ enabled: false })
    onTestFinished(() => audit.close())
    const seen: unknown[] = []
    const handler = nodeAudit(audit)(function (this: unknown, ...given: unknown[]) {
      seen.push(this, ...given)
      return 'returned'
    } as never) as (this: unknown, req: object, res: object) => unknown
    const [app, req, res] = [{}, { url: '/', headers: {}, socket: {} }, {}]
    expect(handler.call(app, req, res)).toBe('returned')
    expect(seen).toEqual([app, req, res])
  })
})
