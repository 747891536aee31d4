import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { expressAudit } from '../../src/adapters/express.ts'
import { nodeAudit } from '../../src/adapters/node.ts'
import { createAuditLog } from '../../src/audit-log/create-audit-log.ts'
import type { AuditError } from '../../src/lib/errors.ts'
import { memorySink } from '../../src/testing/memory-sink.ts'
import { aWhile, PATIENCE_MS } from '../support/time.ts'
import { ofPath, open, quietApp, send, serve, sleep } from './audited.ts'

describe('close', () => {
  it('lets requests end that are about to', async () => {
    const opened = open({ closeTimeoutMs: 50_000 })
    const port = await serve(
      nodeAudit(opened.audit)((_req, res) => {
        setTimeout(() => res.end('ok'), 50)
      }),
    )
    const answer = send(port, '/')
    await until(() => port > 0, opened, 1)
    await opened.audit.close()
    expect(opened.sink.records.map(({ outcome }) => outcome)).toEqual(['success'])
    expect((await answer).body).toBe('ok')
  })

  it('records what is still open as a failure, with the status that was sent or none', async () => {
    const opened = open({ closeTimeoutMs: 2_000 })
    const port = await serve(
      nodeAudit(opened.audit)((req, res) => {
        if (req.url === '/begun') res.writeHead(206, { 'x-a': '1' }).write('part')
        req.auditLog.info('was here')
      }),
    )
    for (const path of ['/begun', '/silent']) void send(port, path).catch(() => undefined)
    await until(() => true, opened, 2)
    await Promise.all([opened.audit.close(), opened.audit.close()])
    const records = opened.sink.records
    expect(records).toHaveLength(2)
    expect(ofPath(records, '/begun')).toMatchObject({
      outcome: 'failure',
      message: 'was here',
      http_response: { status_code: 206, headers: { 'x-a': '1' } },
    })
    expect(ofPath(records, '/silent')).toMatchObject({
      outcome: 'failure',
      user: { ip: '127.0.0.1' },
      http_response: { status_code: null, reason: null, headers: {} },
    })
  })

  it('makes no second record when what was open ends after all', async () => {
    const opened = open({ closeTimeoutMs: 2_000 })
    let response: ServerResponse | undefined
    const port = await serve(
      nodeAudit(opened.audit)((_req, res) => {
        response = res
      }),
    )
    const answer = send(port, '/')
    await until(() => response !== undefined, opened, 1)
    await opened.audit.close()
    response!.end('late')
    expect((await answer).body).toBe('late')
    await aWhile(5)
    expect(opened.sink.records.map(({ outcome }) => outcome)).toEqual(['failure'])
  })

  it('counts requests and records that come afterwards, serves them, and says so once', async () => {
    const opened = open()
    const app = quietApp().use(expressAudit(opened.audit), (req, res) => {
      req.auditLog.info('late')
      res.send('served')
    })
    const port = await serve(app)
    await opened.audit.close()
    for (let n = 0; n < 3; n++) expect((await send(port, '/')).body).toBe('served')
    await opened.audit.logger().info('late').sendLog()
    expect(opened.audit.health().counters).toMatchObject({ recorded: 0, afterClose: 4 })
    expect(opened.errors.map(({ code }) => code)).toEqual(['RECORD_AFTER_CLOSE'])
    await opened.audit.flush()
  })

  it('ends in its time though a handler never answers, and says what was lost', async () => {
    const opened = open({
      closeTimeoutMs: 100,
      logHandler: { name: 'stuck', write: () => new Promise(() => {}), close: () => new Promise(() => {}) },
    })
    void opened.audit.logger().info('x').sendLog()
    await opened.audit.close()
    expect(opened.errors.map(({ code }) => code)).toContain('CLOSE_TIMED_OUT')
    expect(opened.audit.health().counters).toMatchObject({ recorded: 1, lost: 1 })
  })

  it('waits for a handler that takes its time', async () => {
    const written: string[] = []
    const opened = open({
      closeTimeoutMs: 50_000,
      logHandler: async (line: string) => {
        await sleep(5)
        written.push(line)
      },
    })
    for (let n = 0; n < 10; n++) void opened.audit.logger().info(`n${n}`).sendLog()
    await opened.audit.close()
    expect(written).toHaveLength(10)
    expect(opened.audit.health().sinks[0]).toMatchObject({ delivered: 10, queued: 0, lost: 0 })
  })

  it('of one of two audit logs of a name leaves the other at work', async () => {
    const sink = memorySink()
    const settings = { loggerName: 'shared of closing', logHandler: sink }
    const [one, two] = [createAuditLog(settings), createAuditLog(settings)]
    await one.logger().info('one').sendLog()
    await one.close()
    await two.logger().info('two').sendLog()
    await two.close()
    expect(sink.records.map(({ message }) => message)).toEqual(['one', 'two'])
  })
})

/** Waits until so many requests have reached the app. */
async function until(holds: () => boolean, { audit }: { audit: unknown }, open: number): Promise<void> {
  const { recorder } = audit as { recorder: { open: Set<unknown> } }
  while (!holds() || recorder.open.size < open) await sleep(2)
}

describe('counters', () => {
  it('add up over slow, failing and full handlers', async () => {
    let refused = 0
    const good = memorySink()
    const opened = open({
      logHandler: [
        good,
        () => {
          throw new Error('no')
        },
        {
          name: 'refusing',
          write: async (records: readonly { id: string }[]) => {
            refused += records.length
            return { refused: records.map(({ id }) => ({ id, reason: 'never' })) }
          },
          close: async () => {},
        },
        { name: 'small', queue: { maxQueuedRecords: 5 }, write: () => new Promise(() => {}), close: async () => {} },
      ] as never,
    })
    const port = await serve(nodeAudit(opened.audit)((_req, res) => res.end()))
    for (let n = 0; n < 20; n++) await send(port, '/')
    await good.waitFor(20, PATIENCE_MS)
    await opened.audit.close()
    const { counters, sinks } = opened.audit.health()
    for (const { delivered, dropped, lost, refused, queued } of sinks)
      expect(delivered + dropped + lost + refused + queued).toBe(20)
    expect(sinks.map(({ delivered }) => delivered)).toEqual([20, 0, 0, 0])
    expect(refused).toBe(20)
    expect(counters).toEqual({ recorded: 20, lost: 25, refused: 0, dropped: 15, afterClose: 0 })
    expect(opened.audit.health()).toMatchObject({ guarantee: 'best-effort', onFailure: 'open', lock: null, held: 0 })
  })
})

describe('the hook for errors', () => {
  it('may log through the same audit log, throw, or reject, and never reaches a request', async () => {
    const told: AuditError[] = []
    const hooks: ((error: AuditError) => unknown)[] = [
      () => opened().logger().error('the audit log has trouble').sendLog(),
      () => {
        throw new Error('hook down')
      },
      () => Promise.reject(new Error('hook down')),
    ]
    let opened = (): ReturnType<typeof createAuditLog> => {
      throw new Error('not yet')
    }
    const started = performance.now()
    for (const hook of hooks) {
      const audit = createAuditLog({
        loggerName: `hook ${hooks.indexOf(hook)}`,
        closeTimeoutMs: 2_000,
        logHandler: () => {
          throw new Error('no')
        },
        userFromRequest: () => {
          throw new Error('no')
        },
        onError: (error) => {
          told.push(error)
          return hook(error)
        },
      })
      opened = () => audit
      const port = await serve(nodeAudit(audit)((_req, res) => res.end('ok')))
      for (let n = 0; n < 30; n++) expect((await send(port, '/')).body).toBe('ok')
      await audit.close()
    }
    // Ten of one code in a second, whatever the hook does.
    const codes = new Set(told.map(({ code }) => code))
    const seconds = hooks.length + (performance.now() - started) / 1_000
    expect(told.length).toBeLessThanOrEqual(10 * codes.size * seconds)
    expect(codes).toContain('USER_NOT_READ')
  })
})

it('flush settles when all handlers have what there was', async () => {
  const slow: string[] = []
  const opened = open({
    logHandler: async (line: string) => {
      await sleep(3)
      slow.push(line)
    },
  })
  const port = await serve(nodeAudit(opened.audit)((_req, res) => res.end()))
  for (let n = 0; n < 5; n++) await send(port, '/')
  await Promise.all([opened.audit.flush(), opened.audit.flush()])
  expect(slow).toHaveLength(5)
})

it('a server that closes in the usual order loses nothing', async () => {
  const opened = open()
  const http = await import('node:http')
  const server = http.createServer(nodeAudit(opened.audit)((_req, res) => res.end('ok'))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const answers = Promise.all(Array.from({ length: 20 }, () => send(port, '/', { agent: false })))
  await answers
  server.close()
  await once(server, 'close')
  await opened.audit.close()
  expect(opened.sink.records).toHaveLength(20)
})
