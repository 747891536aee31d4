import { AsyncLocalStorage } from 'node:async_hooks'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { nodeAudit } from '../../src/adapters/node.ts'
import { createAuditLog } from '../../src/audit-log/create-audit-log.ts'
import type { InnerParts } from '../../src/audit-log/open-audit-log.ts'
import type { Settings } from '../../src/audit-log/settings.ts'
import type { AuditError } from '../../src/lib/errors.ts'
import type { AuditRecord } from '../../src/record/record.ts'
import { takeLock } from '../../src/trail/lock.ts'
import { openTrail } from '../../src/trail/trail.ts'
import { openAudit } from '../contract/adapter/harness.ts'
import { createControlledDisk } from '../support/controlled-disk.ts'
import { listen } from '../support/hold-control.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { aWhile, eventually } from '../support/time.ts'
import { run } from './processes.ts'

type Parts = Parameters<NonNullable<InnerParts['trail']>>[0]

/** An audit log on a trail whose disk the test controls. */
function onTrail(settings: Settings = {}, parts: Partial<Parts> = {}) {
  const directory = join(temporaryDirectory(), 'audit')
  const disk = createControlledDisk()
  const errors: AuditError[] = []
  const { audit, sink } = openAudit(
    {
      trail: { directory },
      onError: (error) => errors.push(error),
      closeTimeoutMs: 60_000,
      holdTimeoutMs: 60_000,
      ...settings,
    },
    { trail: (given) => openTrail({ ...given, disk, ...parts }) },
  )
  onTestFinished(() => audit.close())
  return { audit, sink, directory, disk, errors, inFiles: () => recordsIn(directory) }
}

function recordsIn(directory: string): readonly AuditRecord[] {
  const segments = join(directory, 'segments')
  return readdirSync(segments)
    .map((name) => readFileSync(join(segments, name), 'utf8'))
    .join('')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

async function serve(audit: ReturnType<typeof openAudit>['audit'], handler: http.RequestListener): Promise<string> {
  const { server, port, close } = await listen(http.createServer(nodeAudit(audit)(handler as never)))
  onTestFinished(() => close())
  server.keepAliveTimeout = 0
  return `http://127.0.0.1:${port}/x`
}

describe('a trail', () => {
  test('hands records over outside of the request that they are of, and of any other', async () => {
    const request = new AsyncLocalStorage<string>()
    const scopes: unknown[] = []
    const { audit } = onTrail({ logHandler: () => void scopes.push(request.getStore()), guarantee: 'durable' })
    await audit.ready
    const url = await serve(audit, (_req, res) => request.run('a request', () => res.end('done')))
    await fetch(url)
    await request.run('an app', () => audit.logger().info('by itself').sendLog())
    await audit.flush()
    expect(scopes).toEqual([undefined, undefined, undefined])
  })

  test('begins with what is in force and ends with what was counted; handlers get both', async () => {
    const { audit, sink, inFiles } = onTrail({ exemptUrls: ['^/health$'], holdTimeoutMs: 100 })
    await audit.ready
    await audit.logger().info('hello').sendLog()
    await audit.close()
    const [start, record, stop] = inFiles()
    expect(start).toMatchObject({
      kind: 'start',
      start: {
        in_force: {
          version: expect.stringMatching(/^\d+\.\d+\.\d+/),
          guarantee: 'written',
          on_failure: 'open',
          hold_timeout_ms: 100,
          policy: expect.stringMatching(/^[0-9a-f]{16}$/),
          exempt_urls: ['/^\\/health$/'],
          rules: [],
          privacy: 'default',
        },
      },
    })
    expect(record).toMatchObject({ message: 'hello' })
    expect(stop).toMatchObject({ stop: { recorded: 1, lost: 0, refused: 0 } })
    expect(sink.records.map(({ id }) => id)).toEqual([start?.id, record?.id, stop?.id])
    expect(audit.health()).toMatchObject({
      lock: null,
      trail: { state: 'closed', size: 3, durableSize: 3, checkpoint: 3 },
    })
  })

  test('says which rules promise something', async () => {
    const { audit, inFiles } = onTrail({
      rules: [
        { path: '^/a', keep: 'metadata' },
        { method: 'post', path: /^\/b/i, keep: 'full', guarantee: 'durable' },
        { method: 'GET', keep: 'full', onFailure: 'closed' },
      ],
    })
    await audit.close()
    expect(inFiles()[0]?.start?.in_force).toMatchObject({
      rules: [
        { rule: 1, method: ['POST'], path: '/^\\/b/i', guarantee: 'durable', on_failure: 'open' },
        { rule: 2, method: ['GET'], path: null, guarantee: 'written', on_failure: 'closed' },
      ],
    })
  })

  test('keeps its key, and that of pseudonyms, to itself', async () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const pem = String(privateKey.export({ format: 'pem', type: 'pkcs8' }))
    const secrets = [pem.split('\n')[1] ?? '', String(privateKey.export({ format: 'jwk' }).d), 'hunter2']
    const directory = join(temporaryDirectory(), 'audit')
    const pseudonyms = { key: 'hunter2-'.repeat(8), keyId: '2026' }
    const { audit, sink } = onTrail({ trail: { directory, key: pem }, pseudonyms, rules: [{ keep: 'full' }] })
    await audit.ready
    await audit.close()
    const said = JSON.stringify([audit.health(), audit.explain({ method: 'GET', path: '/' }), sink.records])
    const files = readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    for (const secret of secrets) for (const text of [said, ...files]) expect(text).not.toContain(secret)
    expect(existsSync(`${directory}.key`)).toBe(false)
  })

  test('is one audit log’s at a time in a process', async () => {
    const { audit, directory } = onTrail()
    const again = () => createAuditLog({ loggerName: 'another', logHandler: [], trail: { directory } })
    expect(again).toThrow(/^The settings have faults: trail\.directory: another audit log of this process writes to/)
    await audit.close()
    const other = again()
    await other.ready
    await other.close()
    expect(other.health().trail).toMatchObject({ state: 'closed', size: 4 })
  })

  test('is not touched where auditing is off', async () => {
    const { audit, directory } = onTrail({ enabled: false })
    await audit.ready
    await audit.close()
    expect(existsSync(directory)).toBe(false)
    expect(audit.health().trail).toBeNull()
  })
})

describe('a record without a response', () => {
  test.each(['written', 'durable'] as const)('is kept as %s says when sendLog() settles', async (guarantee) => {
    const { audit, disk, inFiles } = onTrail({ guarantee })
    await audit.ready
    disk.holdSyncs()
    let isSent = false
    const sent = audit.logger().info('hello').sendLog()
    void sent.then(() => {
      isSent = true
    })
    await eventually(() => expect(inFiles().at(-1)).toMatchObject({ message: 'hello' }))
    if (guarantee === 'written') await sent
    else await aWhile()
    expect(isSent).toBe(guarantee === 'written')
    disk.letSync()
    await sent
    if (guarantee === 'durable') expect(audit.health().trail).toMatchObject({ size: 2, durableSize: 2 })
  })

  test.each(['best-effort', 'written', 'durable'] as const)('that is not kept is lost, under %s', async (guarantee) => {
    const { audit, disk, errors, inFiles } = onTrail({ guarantee })
    await audit.ready
    disk.fail()
    await audit.logger().info('hello').sendLog()
    await eventually(() => expect(audit.health()).toMatchObject({ trail: { state: 'failing' } }))
    expect(audit.health().counters).toMatchObject({ recorded: 0, lost: 1, refused: 0 })
    expect(errors.map(({ code }) => code)).toContain('RECORD_NOT_KEPT')
    disk.recover()
    await eventually(() => expect(inFiles().at(-1)).toMatchObject({ gap: { lost: 1, refused: 0 } }))
  })

  test('is kept as the rule of its exchange says, where it is an event', async () => {
    const { audit, disk, inFiles } = onTrail({ rules: [{ path: '^/x', keep: 'full', guarantee: 'durable' }] })
    await audit.ready
    let isSent = false
    const url = await serve(audit, (req, res) => {
      disk.holdSyncs()
      const { auditLog } = req as http.IncomingMessage & { auditLog: { event(): { sendLog(): Promise<void> } } }
      void auditLog
        .event()
        .sendLog()
        .then(() => {
          isSent = true
          res.end()
        })
    })
    const answered = fetch(url)
    await eventually(() => expect(inFiles().at(-1)).toMatchObject({ kind: 'event' }))
    await aWhile()
    expect(isSent).toBe(false)
    disk.letSync()
    expect((await answered).status).toBe(200)
  })
})

describe('responses on a trail', () => {
  test('go out at once under best effort, and their records get there all the same', async () => {
    const { audit, disk, sink, inFiles } = onTrail({ guarantee: 'best-effort' })
    await audit.ready
    disk.holdSyncs()
    const url = await serve(audit, (_req, res) => res.end('hello'))
    expect(await (await fetch(url)).text()).toBe('hello')
    await eventually(() => expect(inFiles().at(-1)).toMatchObject({ outcome: 'success' }))
    expect(sink.records.map(({ kind }) => kind)).not.toContain(undefined)
    disk.letSync()
    await audit.flush()
    expect(sink.records.at(-1)).toMatchObject({ outcome: 'success' })
  })

  test('wait for a trail that is still being opened', async () => {
    let unlock = (): void => undefined
    const locked = new Promise<void>((resolve) => (unlock = resolve))
    const { audit, inFiles } = onTrail(
      {},
      {
        async takeLock(...given) {
          await locked
          return takeLock(...given)
        },
      },
    )
    const url = await serve(audit, (_req, res) => res.end('hello'))
    const answered = fetch(url)
    await eventually(() => expect(audit.health()).toMatchObject({ held: 1, trail: { state: 'opening' } }))
    unlock()
    expect(await (await answered).text()).toBe('hello')
    expect(inFiles().map(({ kind }) => kind)).toEqual(['start', undefined])
  })

  test.each([
    ['open', 200, { lost: 1, refused: 0 }],
    ['closed', 503, { lost: 0, refused: 1 }],
  ] as const)('of a trail that cannot be opened do as %s says', async (onFailure, status, counters) => {
    const trail = { directory: join(temporaryDirectory(), 'missing', 'audit') }
    const { audit, errors } = onTrail({ onFailure, trail })
    await expect(audit.ready).rejects.toMatchObject({ code: 'TRAIL_OPEN_FAILED' })
    const url = await serve(audit, (_req, res) => res.end('hello'))
    expect((await fetch(url)).status).toBe(status)
    expect(audit.health()).toMatchObject({ trail: { state: 'failing' }, counters })
    expect(errors.map(({ code }) => code)).toContain('TRAIL_OPEN_FAILED')
  })
})

describe('a process that ends without closing its trail', () => {
  test.each([
    ['by itself', ''],
    ['at once', 'process.exit(0)'],
    ['by an error', "throw new Error('down')"],
  ])('%s has left what it recorded, and handlers have it', async (_how, end) => {
    const directory = join(temporaryDirectory(), 'audit')
    const { stdout } = await run(
      `
      const audit = createAuditLog({ trail: { directory: process.env.TRAIL } })
      await audit.ready
      await audit.logger().info('written').sendLog()
      audit.logger().info('last').sendLog()
      ${end}
      `,
      { env: { TRAIL: directory } },
    )
    const messages = ['written', 'last']
    expect(recordsIn(directory).map(({ kind, message }) => kind ?? message)).toEqual(['start', ...messages])
    for (const message of messages) expect(stdout).toContain(message)
  })
})
