import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { build } from 'esbuild'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AuditRecord } from '../../src/record/record.ts'
import { succeed } from './commands.ts'

const runtimes = process.env.GRIFFIER_WORKERD ?? join(tmpdir(), 'griffier-workerd')
const workerd = join(runtimes, 'node_modules/@cloudflare/workerd-linux-64/bin/workerd')

/** Takes the records that a worker delivers. */
const received: AuditRecord[] = []
let whenReceived = (): void => undefined
const receiver = http.createServer(async (req, res) => {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk as Buffer)
  received.push(...(JSON.parse(Buffer.concat(chunks).toString()) as AuditRecord[]))
  res.end()
  whenReceived()
})

let directory: string

beforeAll(async () => {
  // Whole, too: an earlier run may have been broken off.
  if (spawnSync(workerd, ['--version']).status !== 0) {
    await rm(runtimes, { recursive: true, force: true })
    await mkdir(runtimes, { recursive: true })
    await writeFile(join(runtimes, 'package.json'), '{"private":true}\n')
    await succeed('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', 'workerd@1.20261117.1'], {
      cwd: runtimes,
    })
  }
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  directory = await mkdtemp(join(tmpdir(), 'griffier-workers-'))
  await build({
    entryPoints: [join(import.meta.dirname, 'workers/worker.ts')],
    outfile: join(directory, 'worker.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    logLevel: 'silent',
  })
})

afterAll(async () => {
  receiver.close()
  await rm(directory, { recursive: true, force: true })
})

async function records(count: number): Promise<readonly AuditRecord[]> {
  while (received.length < count) await new Promise<void>((resolve) => (whenReceived = resolve))
  return received
}

describe.each([
  ['with its Node compatibility', ['nodejs_compat']],
  ['without it', []],
])('workerd %s', (_name, flags) => {
  const hasNode = flags.includes('nodejs_compat')
  let port: number
  let server: ChildProcess
  let errors = ''

  beforeAll(async () => {
    const config = join(directory, `${hasNode ? 'node' : 'bare'}.capnp`)
    await writeFile(
      config,
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
  bindings = [(name = "RECEIVER", text = "http://127.0.0.1:${(receiver.address() as AddressInfo).port}/")],
  compatibilityDate = "2026-07-01",
  compatibilityFlags = ${JSON.stringify(flags)},
);
`,
    )
    server = spawn(workerd, ['serve', config, '--control-fd=3'], { stdio: ['ignore', 'inherit', 'pipe', 'pipe'] })
    server.stderr?.on('data', (text) => {
      errors += text
    })
    const said = createInterface(server.stdio[3] as Readable)
    const [line] = await Promise.race([once(said, 'line'), once(server, 'exit')])
    if (typeof line !== 'string') throw new Error(`workerd does not listen: ${errors}`)
    port = (JSON.parse(line) as { port: number }).port
  })
  afterAll(() => void server.kill())
  beforeEach(() => {
    received.length = 0
  })

  function ask(
    path: string,
    host = 'app.test',
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: string; cookies: readonly string[] }> {
    return new Promise((resolve, reject) => {
      const req = http.get({ host: '127.0.0.1', port, path, agent: false, headers: { host, ...headers } }, (res) => {
        let body = ''
        res.setEncoding('utf8').on('data', (text) => {
          body += text
        })
        res.on('error', reject)
        res.on('end', () => resolve({ status: res.statusCode ?? 0, body, cookies: res.headers['set-cookie'] ?? [] }))
      })
      req.on('error', reject)
    })
  }

  it('leaves one record of an answer, delivered after it by waitUntil', async () => {
    expect(await ask('/text/1?token=secret', 'app.test', { 'cf-connecting-ip': '203.0.113.7' })).toEqual({
      status: 200,
      body: '1',
      cookies: ['a=1', 'b=2'],
    })
    expect(await records(1)).toMatchObject([
      {
        http_request: { method: 'GET', url: 'http://app.test/text/1?token=REDACTED' },
        http_response: { status_code: 200, reason: 'OK', headers: { 'set-cookie': ['REDACTED', 'REDACTED'] } },
        user: { ip: '203.0.113.7' },
        outcome: 'success',
        message: 'message 1',
      },
    ])
  })

  it('leaves one of a stream, of an answer without a body, and of a handler that throws', async () => {
    expect(await ask('/stream/1')).toMatchObject({ status: 200, body: 'one two three' })
    await records(1)
    expect(await ask('/empty/2')).toMatchObject({ status: 204 })
    await records(2)
    expect(await ask('/throw/3')).toMatchObject({ status: 500 })
    expect((await records(3)).map(({ outcome, http_response }) => [outcome, http_response?.status_code])).toEqual([
      ['success', 200],
      ['success', 204],
      ['failure', null],
    ])
  })

  it('500 requests in parallel leave 500 records that are never mixed', async () => {
    const ids = Array.from({ length: 500 }, (_, index) => String(index))
    const answers = await Promise.all(ids.map((id) => ask(`/current/${id}`)))
    expect(answers.map(({ body }) => body)).toEqual(ids)
    const kept = await records(500)
    expect(kept).toHaveLength(500)
    for (const { message, http_request } of kept) {
      const id = http_request?.url?.split('/').at(-1)
      expect(message).toBe(hasNode ? `current ${id}` : `message ${id}`)
    }
    expect(new Set(kept.map(({ id }) => id)).size).toBe(500)
  })

  it.each(['/text/1', '/stream/1', '/empty/1'])(
    '%s ends only when its record was delivered, where that is asked for',
    async (path) => {
      await ask(path, 'flushing.test')
      expect(received).toMatchObject([{ logger: 'flushing', outcome: 'success' }])
    },
  )

  it('has said nothing that was wrong', () => {
    expect(
      errors
        .replace(/.*no such table[\s\S]*?(?=\n\S|$)/g, '')
        .split('\n')
        .filter((line) => /different request|cannot perform|\bhang/i.test(line)),
    ).toEqual([])
  })
})
