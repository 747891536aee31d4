import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { request } from '../../support/http2-client.ts'
import { connectRaw, parseResponses } from '../../support/raw-client.ts'
import { aWhile } from '../../support/time.ts'
import { openSession } from './client.ts'
import { createCommit } from './commit.ts'
import { type Mount, type Quirks, type Started, start } from './harness.ts'

/** Whether a client had a complete answer before its record was safe; `not seen` where there is no record. */
type Finding = 'held' | 'not held' | 'not seen'

/** A kind of answer, and a column of the page. */
interface Kind {
  readonly name: string
  readonly method?: 'GET' | 'HEAD'
  answer(req: IncomingMessage, res: ServerResponse): void
}

const kinds: readonly Kind[] = [
  {
    name: 'body with length',
    answer(_req, res) {
      res.setHeader('Content-Length', 8)
      res.write('half')
      res.end('half')
    },
  },
  {
    name: 'chunked',
    answer(_req, res) {
      res.write('half')
      res.end('half')
    },
  },
  {
    name: 'HEAD',
    method: 'HEAD',
    answer(_req, res) {
      res.setHeader('Content-Length', 5)
      res.end()
    },
  },
]

/** What a client sees of an answer that it waits for. */
interface Waiting {
  readonly completed: Promise<unknown>
  isComplete(): boolean
  leave(): void
}

/** The guarantees that hold a response. */
const guarantees = ['written', 'durable', 'recorded-first'] as const

/**
 * The page's table says what this finds. `npm run table` has it written to a directory instead, to make the table of.
 */
export function holdsAsThePageSays(mount: Mount, quirks: Quirks): void {
  test('it holds what docs/guarantees.md says that it holds', async () => {
    const found = quirks.protocol === 'http2' ? await findOnHttp2(mount) : await findOnHttp1(mount, quirks)
    const directory = process.env.GRIFFIER_FINDINGS
    if (directory === undefined) expect(readRow(quirks.row)).toMatchObject(found)
    else writeFileSync(join(directory, `${randomUUID()}.json`), JSON.stringify({ row: quirks.row, found }))
  })
}

async function findOnHttp1(mount: Mount, quirks: Quirks): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {}
  for (const kind of kinds) {
    found[kind.name] = await findForAll(mount, kind.answer, (app) => waitOnHttp1(app, quirks, kind))
  }
  found.upgrade = await findForAll(
    mount,
    () => undefined,
    (app) => waitForUpgrade(app, quirks),
  )
  found.intent = await findIntent(mount, (app) => waitOnHttp1(app, quirks, kinds[0] as Kind))
  return found
}

/** One finding for all, where they are alike. */
async function findOnHttp2(mount: Mount): Promise<Readonly<Record<string, string>>> {
  const found: string[] = []
  for (const kind of kinds) found.push(await findForAll(mount, kind.answer, (app) => waitOnHttp2(app, kind)))
  return {
    'HTTP/2': [...new Set(found)].join(', '),
    intent: await findIntent(mount, (app) => waitOnHttp2(app, kinds[0] as Kind)),
  }
}

/** One finding for all guarantees, where they are alike. */
async function findForAll(
  mount: Mount,
  answer: Kind['answer'],
  wait: (app: Started) => Promise<Waiting>,
): Promise<string> {
  const found: string[] = []
  for (const guarantee of guarantees) found.push(await find(mount, guarantee, answer, wait))
  const [first, ...others] = found
  return others.every((each) => each === first)
    ? String(first)
    : found.map((each, index) => `${guarantees[index]}: ${each}`).join(', ')
}

async function find(
  mount: Mount,
  guarantee: (typeof guarantees)[number],
  answer: Kind['answer'],
  wait: (app: Started) => Promise<Waiting>,
): Promise<Finding> {
  const commit = createCommit()
  commit.releaseIntents()
  const app = await start(mount, { settings: { guarantee }, trail: commit.trail, raw: answer })
  const client = await wait(app)
  await Promise.race([commit.asked(guarantee === 'recorded-first' ? 2 : 1), client.completed])
  if (guarantee !== 'written') commit.releaseWritten()
  await aWhile()
  const isComplete = client.isComplete()
  commit.release()
  await client.completed
  client.leave()
  await app.close()
  await app.audit.close()
  if (commit.exchanges().length === 0) return 'not seen'
  return isComplete ? 'not held' : 'held'
}

/** Whether the handler runs only when its intent is kept. */
async function findIntent(mount: Mount, wait: (app: Started) => Promise<Waiting>): Promise<'first' | 'not first'> {
  const commit = createCommit()
  let handled = false
  const app = await start(mount, {
    settings: { guarantee: 'recorded-first' },
    trail: commit.trail,
    raw(_req, res) {
      handled = true
      res.end()
    },
  })
  const client = await wait(app)
  await commit.asked()
  await aWhile()
  const isFirst = !handled && commit.records[0]?.kind === 'intent'
  commit.release()
  await client.completed
  client.leave()
  return isFirst ? 'first' : 'not first'
}

async function waitOnHttp1(app: Started, { tls = false }: Quirks, { method = 'GET' }: Kind): Promise<Waiting> {
  const client = await connectRaw({ port: app.port, tls })
  client.send(`${method} /raw/x HTTP/1.1\r\nHost: a\r\n\r\n`)
  const isComplete = (): boolean =>
    parseResponses(client.received(), [method], client.socket.readableEnded).some((response) => response.isComplete)
  return { completed: client.until(isComplete), isComplete, leave: client.reset }
}

async function waitOnHttp2(app: Started, { method = 'GET' }: Kind): Promise<Waiting> {
  const session = await openSession(app)
  const got = request(session, { ':method': method, ':path': '/raw/x' })
  return { completed: got.ended, isComplete: got.isComplete, leave: () => session.destroy() }
}

/** An upgrade has no end of its own to keep back: it is complete with the handshake. */
async function waitForUpgrade(app: Started, { tls = false }: Quirks): Promise<Waiting> {
  app.server.on('upgrade', (_req: IncomingMessage, socket: Socket) => {
    socket.on('error', () => undefined)
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nwelcome')
  })
  const client = await connectRaw({ port: app.port, tls })
  client.send('GET /raw/x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
  const isComplete = (): boolean => client.received().includes('welcome')
  return { completed: client.until(isComplete), isComplete, leave: client.reset }
}

/** What the page says of a row, by column. */
export function readRow(name: string): Readonly<Record<string, string>> {
  const page = readFileSync(new URL('../../../docs/guarantees.md', import.meta.url), 'utf8')
  const table = /^<!-- table -->\n((?:\|.*\n)+)/m.exec(page)?.[1] ?? ''
  const [columns = [], , ...rows] = table
    .trim()
    .split('\n')
    .map((line) => line.slice(2, -2).split(' | '))
  const cells = rows.find(([first]) => first === name)
  if (cells === undefined) throw new Error(`docs/guarantees.md has no row for ${name}: npm run table`)
  return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? '']))
}
