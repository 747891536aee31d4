import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { expressAudit } from '../../src/adapters/express.ts'
import { createAuditLog } from '../../src/audit-log/create-audit-log.ts'
import type { AuditRecord } from '../../src/record/record.ts'
import { fileSink } from '../../src/sinks/file.ts'
import { expectAudited } from '../../src/testing/expect-audited.ts'
import { memorySink } from '../../src/testing/memory-sink.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { PATIENCE_MS } from '../support/time.ts'
import { open, quietApp, send, serve } from './audited.ts'

it('every handler gets the same record, with every field, whole and once', async () => {
  const path = join(temporaryDirectory(), 'audit.log')
  const [memory, other] = [memorySink(), memorySink()]
  const called: { line: string; record: AuditRecord }[] = []
  const chunks: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk))
      setImmediate(done)
    },
  })
  const opened = open({
    logHandler: [
      memory,
      other,
      fileSink(path),
      stream,
      { write: (line: string) => void chunks.push(line) },
      (line: string, record: AuditRecord) => void called.push({ line, record }),
    ],
  })
  const app = quietApp().use(expressAudit(opened.audit), (req, res, next) => {
    Object.assign(req, { user: { id: 'u', email: 'e', provider: 'p', realm: 'r', roles: ['a', 'b'] } })
    req.auditLog
      .setFilter('Thing', ['f'], { t: '😀é\u2028' })
      .setResults([{ id: 1 }])
      .critical('line\nbreak 😀')
    if (req.path === '/fails') next(new TypeError('no'))
    else res.set('Vary', ['a', 'b'] as never).send('ok')
  })
  const port = await serve(app)
  const headers = {
    'x-request-id': 'r-1',
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    'user-agent': 'test',
  }
  await send(port, '/', { headers })
  await send(port, '/fails', { headers })
  await opened.audit.close()

  expect(memory.records).toHaveLength(2)
  expect(Object.keys(memory.records[1]!)).toEqual([
    'id',
    'time',
    'duration_ms',
    'logger',
    'http_request',
    'http_response',
    'user',
    'filter',
    'results',
    'outcome',
    'type',
    'message',
    'error',
    'request_id',
    'trace_id',
  ])
  const parsed = (text: string): unknown[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
  expect(other.records).toEqual(memory.records)
  expect(parsed(readFileSync(path, 'utf8'))).toEqual(memory.records)
  expect(parsed(chunks.join('')).sort(byId)).toEqual(memory.records.flatMap((record) => [record, record]).sort(byId))
  expect(called.map(({ record }) => record)).toEqual(memory.records)
  for (const { line, record } of called) {
    expect(line).toBe(`${JSON.stringify(record).replaceAll('\u2028', '\\u2028')}\n`)
    expect(Object.isFrozen(record) && Object.isFrozen(record.user) && Object.isFrozen(record.user?.roles)).toBe(true)
  }
})

function byId(one: unknown, other: unknown): number {
  return (one as AuditRecord).id < (other as AuditRecord).id ? -1 : 1
}

it('a handler that breaks or hangs takes nothing from the others, nor from the request', async () => {
  const memory = memorySink()
  const opened = open({
    closeTimeoutMs: 2_000,
    logHandler: [
      () => {
        throw new Error('no')
      },
      () => Promise.reject(new Error('no')),
      { write: () => new Promise(() => {}), name: 'hangs', close: async () => {} },
      new Writable({ write: (_chunk, _encoding, done) => done(new Error('no')) }),
      { write: () => false, once: () => undefined, on: () => undefined },
      memory,
    ] as never,
  })
  const port = await serve(quietApp().use(expressAudit(opened.audit), (_req, res) => void res.send('ok')))
  for (let n = 0; n < 20; n++) expect((await send(port, '/')).body).toBe('ok')
  await memory.waitFor(20, PATIENCE_MS)
  await opened.audit.close()
  expect(memory.records).toHaveLength(20)
})

it('a formatter that fails gives the native line instead, and is told of', async () => {
  const lines: string[] = []
  const opened = open({
    logHandler: (line: string) => void lines.push(line),
    logFormatter: (record: AuditRecord) => {
      if (record.message === 'breaks') throw new Error('no')
      return record.message === 'odd' ? (undefined as never) : `formatted ${record.message}`
    },
  })
  for (const message of ['fine', 'breaks', 'odd']) await opened.audit.logger().info(message).sendLog()
  await opened.audit.flush()
  expect(lines[0]).toBe('formatted fine\n')
  for (const line of lines.slice(1)) expect(JSON.parse(line)).toMatchObject({ type: 'INFO' })
  expect(opened.errors.map(({ code }) => code)).toContain('FORMAT_FAILED')
})

describe('audit logs of one name', () => {
  it('share one handler: each record comes once, for each of them', async () => {
    const sink = memorySink()
    const settings = { loggerName: 'of one name', logHandler: sink }
    const [one, two] = [createAuditLog(settings), createAuditLog(settings)]
    await one.logger().info('one').sendLog()
    await two.logger().info('two').sendLog()
    await Promise.all([one.flush(), two.flush()])
    expect(sink.records.map(({ message }) => message)).toEqual(['one', 'two'])
    await Promise.all([one.close(), two.close()])
  })

  it('cannot have different handlers or formatters while one is open, and can afterwards', async () => {
    const sink = memorySink()
    const first = createAuditLog({ loggerName: 'taken', logHandler: sink })
    for (const settings of [
      { logHandler: memorySink() },
      {},
      { logHandler: sink, logFormatter: 'python-audit-log' },
      { logHandler: [sink, sink] },
    ])
      expect(() => createAuditLog({ loggerName: 'taken', ...settings })).toThrow(/audit log named taken is open/)
    await first.close()
    const next = createAuditLog({ loggerName: 'taken', logHandler: memorySink() })
    await next.close()
  })

  it('that could not be opened leave their name free', async () => {
    expect(() =>
      createAuditLog({ loggerName: 'faulty', logHandler: fileSink('/no/such/directory/audit.log') }),
    ).toThrow()
    await createAuditLog({ loggerName: 'faulty', logHandler: memorySink() }).close()
  })

  it('on one app, of two names, keep a record each', async () => {
    const [one, two] = [open(), open({ exemptUrls: [/^\/only-one$/], redact: { keys: ['plate'] } })]
    const app = quietApp().use(expressAudit(one.audit), expressAudit(two.audit), (req, res) => {
      req.auditLog.setResults({ plate: 'AB-12' })
      res.end()
    })
    const port = await serve(app)
    await send(port, '/both')
    await send(port, '/only-one')
    const [first, second] = [await one.records(2), await two.records(1)]
    expect(first.map(({ id }) => id)).not.toContain(second[0]!.id)
  })
})

it('a test of an app waits for the record it expects, and is told what came instead', async () => {
  const opened = open()
  const app = quietApp().use(expressAudit(opened.audit), (req, res) => {
    req.auditLog.info(`Visited ${req.path}`)
    res.end()
  })
  const port = await serve(app)
  const expected = expectAudited(
    opened.sink,
    {
      message: /^Visited/,
      http_request: { url: /\/b$/ },
      outcome: 'success',
    },
    PATIENCE_MS,
  )
  await send(port, '/a')
  await send(port, '/b')
  expect((await expected).message).toBe('Visited /b')
  await expect(expectAudited(opened.sink, { message: 'never' }, 20)).rejects.toThrow(/never.*Visited \/a/s)
})
