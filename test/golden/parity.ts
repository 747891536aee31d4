import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Settings } from '../../src/audit-log/settings.ts'

interface Golden {
  readonly name: string
  readonly request: {
    readonly method: string
    readonly target: string
    readonly headers: [string, string][]
    readonly body: string
  }
  readonly records: { readonly audit: GoldenRecord }[]
}

interface GoldenRecord {
  http_request: { url: string }
  http_response: { reason: string; headers: Record<string, string | string[]> }
  user: { ip: string }
}

const users = {
  anonymous: undefined,
  user: () => ({ provider: 'keycloak', realm: 'city', email: 'jane@example.org', roles: ['editor', 'viewer'] }),
}

/** Headers that a framework or Node adds of itself, and lengths of bodies that are the framework's own. */
const NOT_COMPARED = [
  'Date',
  'Connection',
  'Keep-Alive',
  'Transfer-Encoding',
  'X-Powered-By',
  'Etag',
  'Vary',
  'Content-Length',
  'Content-Security-Policy',
  'X-Content-Type-Options',
  'Allow',
]

/** What is different here on purpose; everything else is the ancestor's. */
const differences: Record<string, (record: GoldenRecord) => void> = {
  'query-encoded': (record) => {
    record.http_request.url = 'http://app.example.org/hello?naam=caf%C3%A9%20%2B%26%3D&bad=%zz'
  },
  'path-unicode': (record) => {
    record.http_request.url = 'http://app.example.org/unicode/caf%C3%A9'
  },
  'two-cookies': (record) => {
    record.http_response.headers['Set-Cookie'] = ['REDACTED', 'REDACTED']
  },
}

/** An app that answers as the ancestor's did, by the name of its framework. */
export type GoldenApps = Readonly<Record<string, (settings: Settings) => Server | Promise<Server>>>

/** Asks each app what the ancestor was asked, and compares the records. */
export function goldenParity(apps: GoldenApps): void {
  for (const [framework, createApp] of Object.entries(apps)) {
    describe.each(Object.entries(users))(`${framework} writes the ancestor's records, %s`, (file, userFromRequest) => {
      const entries = JSON.parse(readFileSync(new URL(`./flask-${file}.json`, import.meta.url), 'utf8')) as Golden[]
      const lines: string[] = []
      let server: Server

      beforeAll(async () => {
        server = await createApp({
          loggerName: `golden ${framework} ${file}`,
          exemptUrls: ['^/health$'],
          logFormatter: 'python-audit-log',
          logHandler: (line) => void lines.push(line),
          userFromRequest,
        })
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      })
      afterAll(() => new Promise((resolve) => server.close(resolve)))

      test.each(entries.map((entry) => [entry.name, entry] as const))('%s', async (name, entry) => {
        lines.length = 0
        await send(server, entry.request)
        const expected = structuredClone(entry.records.map((record) => record.audit))
        if (name === 'level-debug') expected.push(levelDebug(entries))
        for (const record of expected) {
          differences[name]?.(record)
          record.user.ip = '127.0.0.1'
        }
        await expect.poll(() => lines.length).toBe(expected.length)
        const actual = lines.map((line) => (JSON.parse(line) as { audit: GoldenRecord }).audit)
        expect(actual.map(comparable)).toEqual(expected.map(comparable))
        expect(actual.map(keyOrder)).toEqual(expected.map(keyOrder))
      })
    })
  }
}

/** The ancestor's logger drops DEBUG records; this one is its record of the next level, at that level. */
function levelDebug(entries: readonly Golden[]): GoldenRecord {
  const info = entries.find((entry) => entry.name === 'level-info')?.records[0]?.audit
  return JSON.parse(
    JSON.stringify(info)
      .replaceAll('level/info', 'level/debug')
      .replaceAll('at info', 'at debug')
      .replace('"INFO"', '"DEBUG"'),
  ) as GoldenRecord
}

function comparable(record: GoldenRecord): GoldenRecord {
  const headers = Object.entries(record.http_response.headers).filter(([name]) => !NOT_COMPARED.includes(name))
  // An empty answer has no content: the ancestor's framework gave it a type all the same.
  const relevant = headers.filter(
    ([name]) => name !== 'Content-Type' || record.http_response.reason !== '204 NO CONTENT',
  )
  return { ...record, http_response: { ...record.http_response, headers: Object.fromEntries(relevant) } }
}

function keyOrder(record: GoldenRecord): string[] {
  return Object.entries(record).flatMap(([name, part]) =>
    name === 'results' || part === null || typeof part !== 'object' ? [name] : [name, ...Object.keys(part)],
  )
}

/** Sends a request byte by byte as the golden file has it, over a bare socket. */
async function send(server: Server, request: Golden['request']): Promise<string> {
  const { port } = server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  const headers = [['Host', 'app.example.org'], ['Connection', 'close'], ...request.headers]
  if (request.body !== '') headers.push(['Content-Length', String(Buffer.byteLength(request.body))])
  socket.write(
    `${request.method} ${request.target} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${request.body}`,
  )
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  return answer
}
