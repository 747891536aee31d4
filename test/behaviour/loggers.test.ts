import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { expressAudit } from '../../src/adapters/express.ts'
import { nodeAudit } from '../../src/adapters/node.ts'
import { fixedClock, fixedIds } from '../../src/testing/fixed.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { eventually } from '../support/time.ts'
import { open, quietApp, send, serve, sleep } from './audited.ts'

const rejections: unknown[] = []
const reject = (reason: unknown): void => void rejections.push(reason)
beforeEach(() => void process.on('unhandledRejection', reject))
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', reject)
  expect(rejections.splice(0)).toEqual([])
})

describe('a logger without a framework', () => {
  it('makes a record of just what it was told', async () => {
    const opened = open({ loggerName: 'batch' }, { clock: fixedClock(), ids: fixedIds() })
    await opened.audit
      .logger()
      .setHttpRequest({ method: 'GET', url: 'https://app.example.org/x?token=abc', user_agent: 'curl/8' })
      .setHttpResponse({ status_code: 200, reason: 'OK', headers: { 'Content-Type': 'text/plain', Vary: ['a', 'b'] } })
      .setUser({ id: 7, email: 'jane@example.org', roles: 'editor', ip: '203.0.113.7' })
      .setFilter('Bicycle', ['colour'], 'red')
      .setResults([{ id: 1 }])
      .info('Searched')
      .sendLog()
    expect(await opened.record()).toEqual({
      id: expect.stringMatching(
        /^[0-9a-f-]{14}7000-8000-000000000001$|^[0-9a-f]{8}-[0-9a-f]{4}-7000-8000-000000000001$/,
      ),
      time: '2026-11-25T09:00:00.000Z',
      logger: 'batch',
      http_request: { method: 'GET', url: 'https://app.example.org/x?token=REDACTED', user_agent: 'curl/8' },
      http_response: { status_code: 200, reason: 'OK', headers: { 'content-type': 'text/plain', vary: ['a', 'b'] } },
      user: { authenticated: true, id: '7', email: 'jane@example.org', roles: ['editor'], ip: '203.0.113.7' },
      filter: { object: 'Bicycle', fields: ['colour'], terms: 'red' },
      results: [{ id: 1 }],
      type: 'INFO',
      message: 'Searched',
    })
  })

  it('leaves out what it was not told', async () => {
    const opened = open()
    await opened.audit.logger().sendLog()
    expect(Object.keys(await opened.record())).toEqual(['id', 'time', 'logger', 'type', 'message'])
  })

  it('sends once, however often it is asked, and takes nothing afterwards', async () => {
    const opened = open()
    const logger = opened.audit.logger().info('once')
    const first = logger.sendLog()
    logger.error('late').setResults('late').setUser('late').setHttpRequest({ url: 'late' })
    expect(logger.sendLog()).toBe(first)
    await Promise.all([first, logger.sendLog(), logger.sendLog()])
    expect(JSON.stringify(await opened.record())).not.toContain('late')
  })

  it('keeps the last level and message', async () => {
    const opened = open()
    await opened.audit.logger().critical('first').debug('last').sendLog()
    expect(await opened.record()).toMatchObject({ type: 'DEBUG', message: 'last' })
  })

  it('takes a filter as the ancestor of this project does', async () => {
    const opened = open()
    for (const say of [
      () => opened.audit.logger().setFilter('Bicycle'),
      () => opened.audit.logger().setFilter('Bicycle', { colour: 'red' }),
      () => opened.audit.logger().setFilter('Bicycle', 'colour', null),
    ])
      await say().sendLog()
    expect((await opened.records(3)).map(({ filter }) => filter)).toEqual([
      { object: 'Bicycle' },
      { object: 'Bicycle', kwargs: { colour: 'red' } },
      { object: 'Bicycle', fields: 'colour', terms: null },
    ])
  })

  it('never rejects, also after close', async () => {
    const opened = open()
    await opened.audit.close()
    await opened.audit.logger().info('late').sendLog()
    expect(opened.sink.records).toEqual([])
    expect(opened.audit.health().counters.afterClose).toBe(1)
  })

  it('never rejects where handlers fail, and tells of it', async () => {
    const opened = open({
      logHandler: () => {
        throw new Error('disk on fire')
      },
    })
    void opened.audit.logger().info('x').sendLog()
    await opened.audit.flush()
    expect(opened.errors.map(({ code }) => code)).toContain('HANDLER_FAILED')
    expect(opened.audit.health().counters.lost).toBe(1)
  })
})

it('a record that cannot be kept safe rejects nothing, and is told of', async () => {
  const opened = open({ trail: { directory: join(temporaryDirectory(), 'missing', 'audit') } })
  const app = quietApp().use(expressAudit(opened.audit), async (req, res) => {
    void req.auditLog.event().info('event').sendLog()
    await req.auditLog.event().info('event').sendLog()
    void req.auditLog.sendLog()
    res.send('ok')
  })
  expect((await send(await serve(app), '/')).body).toBe('ok')
  void opened.audit.logger().info('plain').sendLog()
  await opened.audit.logger().info('plain').sendLog()
  await opened.audit.close()
  await opened.records(0)
  expect(opened.errors.map(({ code }) => code)).toContain('RECORD_NOT_KEPT')
  expect(opened.audit.health().counters).toMatchObject({ recorded: 0, lost: 5, refused: 0 })
})

describe('an event of a request', () => {
  it('is a record of its own that names the request and its user, sent when it says so', async () => {
    const opened = open()
    const app = quietApp().use(expressAudit(opened.audit), async (req, res) => {
      Object.assign(req, { user: { id: 'u-1' } })
      const mail = req.auditLog.event().info('Mailed').setResults([1])
      void opened.audit.current().event().error('Never sent')
      await mail.sendLog()
      await mail.sendLog()
      await mail.event().warning('Bounced').sendLog()
      req.auditLog.info('Page')
      res.end()
    })
    await send(await serve(app), '/page')
    const [first, second, page] = await opened.records(3)
    expect(page).toMatchObject({ message: 'Page', outcome: 'success' })
    expect(page?.kind).toBeUndefined()
    for (const event of [first, second])
      expect(event).toMatchObject({ kind: 'event', exchange: page!.id, user: { id: 'u-1', ip: '127.0.0.1' } })
    expect([first?.message, second?.message]).toEqual(['Mailed', 'Bounced'])
    expect(new Set([first?.id, second?.id, page?.id]).size).toBe(3)
    expect([first?.http_request, first?.outcome, first?.duration_ms]).toEqual([undefined, undefined, undefined])
  })

  it('may say another user of its own', async () => {
    const opened = open()
    const app = quietApp().use(expressAudit(opened.audit), (req, res) => {
      void req.auditLog.event().setUser({ id: 'other', ip: '203.0.113.7' }).sendLog()
      res.end()
    })
    await send(await serve(app), '/')
    const [event, page] = await opened.records(2)
    expect(event?.user).toMatchObject({ id: 'other', ip: '203.0.113.7' })
    expect(page?.user).toMatchObject({ authenticated: false, ip: '127.0.0.1' })
  })
})

describe('sendLog of a request is settled', () => {
  it('when its record is kept, and sends nothing by itself', async () => {
    const opened = open()
    const steps: string[] = []
    const port = await serve(
      nodeAudit(opened.audit)(async (req, res) => {
        void req.auditLog.sendLog().then(() => steps.push('kept'))
        await sleep(5)
        steps.push('ends')
        res.end('ok')
        await once(res, 'close')
        void req.auditLog.sendLog().then(() => steps.push('kept, as said later'))
      }),
    )
    await send(port, '/')
    await opened.record()
    await eventually(() => expect(steps).toHaveLength(3))
    expect(steps).toEqual(['ends', 'kept', 'kept, as said later'])
  })

  it('also where the handler fails, the client leaves, or the audit log closes', async () => {
    const opened = open()
    const settled: string[] = []
    let reach = (): void => undefined
    const reached = new Promise<void>((resolve) => (reach = resolve))
    const app = quietApp().use(expressAudit(opened.audit), (req) => {
      void req.auditLog.sendLog().then(() => settled.push(req.path))
      if (req.path === '/fails') throw new Error('no')
      if (req.path === '/cut') req.socket.destroy()
      if (req.path === '/hangs') reach()
    })
    const port = await serve(app)
    await send(port, '/fails')
    await send(port, '/cut').catch(() => undefined)
    void send(port, '/hangs').catch(() => undefined)
    await reached
    await opened.audit.close()
    expect(settled).toEqual(['/fails', '/cut', '/hangs'])
    await opened.records(3)
  })
})

it('headers of a plain record whose names differ in case only are one header that was sent several times', async () => {
  const { audit, record } = open()
  await audit
    .logger()
    .setHttpResponse({ status_code: 200, headers: { Vary: 'a', vary: 'b', VARY: ['c'], ETag: 'x' } })
    .sendLog()
  expect((await record()).http_response?.headers).toEqual({ vary: ['a', 'b', 'c'], etag: 'x' })
})
