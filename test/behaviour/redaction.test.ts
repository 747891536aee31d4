import { PassThrough } from 'node:stream'
import express, { type Request, type Response } from 'express'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { expressAudit } from '../../src/adapters/express.ts'
import { nodeAudit } from '../../src/adapters/node.ts'
import { createAuditLog } from '../../src/audit-log/create-audit-log.ts'
import type { Settings } from '../../src/audit-log/settings.ts'
import type { AuditError } from '../../src/lib/errors.ts'
import { memorySink } from '../../src/testing/memory-sink.ts'
import { get, open, quietApp, sendRaw, serve } from './audited.ts'

/** Long and random, so that no piece of it stands anywhere by chance. */
const secret = 'Zq7XvK2mWp9LrT4y'
const pieces = Array.from({ length: secret.length - 5 }, (_, n) => secret.slice(n, n + 6))

function expectNoSecret(text: string): void {
  for (const piece of pieces) {
    const at = text.indexOf(piece)
    expect(at === -1 ? '' : text.slice(Math.max(0, at - 80), at + 40), 'a secret that leaked').toBe('')
  }
}

const stderr: string[] = []
beforeEach(() => {
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => stderr.push(String(text)) > 0)
})
afterEach(() => {
  vi.restoreAllMocks()
  expectNoSecret(stderr.splice(0).join(''))
})

class Login {
  readonly password = secret
  readonly name = 'jane'
}

/** Secrets in every place that an app writes to. */
function sayAll({ auditLog }: Request): void {
  auditLog.setFilter('Login', {
    password: secret,
    nested: { a: [{ b: [{ Password: secret }] }] },
    url: `https://u:${secret}@h.example/?x=1`,
  })
  auditLog.setResults([
    { PASSWORD: secret, user_password: secret, 'pass-word': secret, passwords: [secret] },
    new Map<unknown, unknown>([
      ['api_key', secret],
      ['list', [{ token: secret }]],
    ]),
    new Map<unknown, unknown>([
      [1, 2],
      ['secret', secret],
    ]),
    new Login(),
    Buffer.from(secret),
    {
      secret: Buffer.from(secret),
      token: Object(secret),
      session: [secret],
      cookie: { a: secret },
      authorization: `Bare ${secret}`,
    },
    { pin: 1234, key: 'kept', code: 'kept', email: 'kept@example.org' },
    new Error(`login failed for token=${secret}`, { cause: new Error(`at https://h.example/?access_token=${secret}`) }),
    new URL(`https://u:${secret}@h.example/?sig=${secret}#id_token=${secret}`),
    new URLSearchParams({ client_secret: secret, a: '1' }),
    `see /reset?token=${secret} and "password": "${secret}"`,
    { toJSON: () => ({ refresh_token: secret }) },
    { [`https://h.example/?token=${secret}`]: 1 },
  ])
  auditLog.warning(
    `Sent password=${secret} to jane with Authorization: Bearer ${secret}, {"token":"${secret}"} and https://u:${secret}@h.example/`,
  )
}

function answerAll(res: Response): void {
  res.set('Location', `https://app.example.org/verify?token=${secret}#access_token=${secret}`)
  res.set('Content-Location', `/a?sid=${secret}`)
  res.set('Link', `<https://h.example/next?api_key=${secret}&page=2>; rel="next"`)
  res.set('Refresh', `5; url=https://h.example/?ticket=1&session=${secret}`)
  res.set('Set-Cookie', [`a=${secret}`, `b=${secret}`, `c=${secret}`])
  res.set('WWW-Authenticate', `Digest nonce="${secret}"`)
  res.set('X-Session-Token', secret)
  res.set('x-odd', `https://u:${secret}@h.example/`)
}

const target =
  `/reset/https://u:${secret}@h.example/x;jsessionid=${secret}?token=${secret}&TOKEN=${secret}&%74oken=${secret}&a=1&a=2` +
  `&password=%5A${secret.slice(1)}&user[pin]=${secret}&next=https%3A%2F%2Fh.example%2F%3Ftoken%3D${secret}%26b%3D1&q=%zz&code=${secret}`

const headers = [
  `Host: app.example.org`,
  `Authorization: Bearer ${secret}`,
  `Proxy-Authorization: Basic ${secret}`,
  `Cookie: a=${secret}`,
  `X-Api-Key: ${secret}`,
  `Referer: https://app.example.org/?token=${secret}`,
  `X-Request-Id: ok-1`,
]

async function linesOf(format: 'native' | 'python-audit-log', settings: Settings<never> = {}) {
  const lines: string[] = []
  const stream = new PassThrough()
  const streamed: string[] = []
  stream.on('data', (chunk) => streamed.push(String(chunk)))
  const memory = memorySink()
  const said: AuditError[] = []
  const audit = createAuditLog({
    loggerName: `redaction ${format} ${Math.random()}`,
    logFormatter: format,
    onError: (error) => {
      said.push(error)
    },
    logHandler: [(line, record) => void lines.push(line, JSON.stringify(record)), stream, memory],
    ...(settings as Settings),
  })
  const app = quietApp().use(expressAudit(audit), express.json())
  app.use((req, res, next) => {
    sayAll(req)
    answerAll(res)
    if (req.method === 'DELETE') {
      next(new Error(`delete failed: https://u:${secret}@h.example/?token=${secret} password='${secret}'`))
    } else res.end(`the app may show it: ${secret}`)
  })
  const port = await serve(app)
  const request = get(target, ...headers)
  await sendRaw(port, request)
  await sendRaw(port, request.replace('GET', 'DELETE'))
  await sendRaw(
    port,
    request.replace('GET', 'POST').replace('Host', `Content-Type: application/json\r\nContent-Length: 2\r\nHost`) +
      '{]',
  )
  await audit.close()
  const output = [
    ...lines,
    ...streamed,
    JSON.stringify(memory.records),
    ...said.map((error) => `${error.stack}${JSON.stringify(error)}`),
  ].join('\n')
  return { output, records: memory.records, errors: said }
}

describe('no secret is in anything that a handler receives', () => {
  it.each(['native', 'python-audit-log'] as const)('in the format %s', async (format) => {
    const { output, records } = await linesOf(format)
    expect(records).toHaveLength(3)
    expect(output.match(/REDACTED/g)!.length).toBeGreaterThan(100)
    expectNoSecret(output)
    // What stands beside the secrets is still there.
    for (const kept of ['a=1&a=2', 'q=%zz', 'page=2', 'jane', 'rel=\\"next\\"', 'kept@example.org', '"key":"kept"'])
      expect(output).toContain(kept)
  })

  it('in strict privacy neither, and only what is named is kept', async () => {
    const { output, records } = await linesOf('native', { privacy: 'strict', redact: { query: ['a'], keys: ['name'] } })
    expectNoSecret(output)
    expect(output).not.toContain('kept@example.org')
    expect(records[0]?.http_request?.url).toContain('a=1&a=2&')
    expect(records[0]?.http_request?.url).toContain('q=REDACTED')
    expect(JSON.stringify(records[0]?.results)).toContain('"name":"jane"')
  })

  it('nor in records of requests that no handler saw, and of plain loggers', async () => {
    const opened = open()
    const server = (await import('node:http')).createServer((_req, res) => res.end())
    nodeAudit(opened.audit).attach(server)
    server.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    await sendRaw(port, `GET /a b?token=${secret} HTTP/1.1\r\nHost: a\r\n\r\n`)
    await sendRaw(port, `GET /?token=${secret} HTTP/1.1\r\nHost: a\r\nBad Header: ${secret}\r\n\r\n`)
    server.close()
    await opened.audit
      .logger()
      .setHttpRequest({ method: 'GET', url: `https://u:${secret}@h.example/?token=${secret}`, user_agent: 'x' })
      .setHttpResponse({
        status_code: 302,
        reason: 'Found',
        headers: { 'Set-Cookie': [`a=${secret}`], Location: `/?token=${secret}` },
      })
      .error(`token=${secret}`)
      .sendLog()
    const records = await opened.records(3)
    expectNoSecret(JSON.stringify(records))
  })

  it('nor in what onError is told when things fail', async () => {
    const failing = () => {
      throw new Error(`failed on password=${secret}`)
    }
    const opened = open({ userFromRequest: failing, redact: { censor: failing } })
    const app = quietApp().use(expressAudit(opened.audit), (req, res) => {
      sayAll(req)
      res.end()
    })
    await sendRaw(await serve(app), get(target, ...headers))
    expectNoSecret(JSON.stringify(await opened.record()))
    const told = opened.errors.map((error) => `${error.message} ${JSON.stringify(error)}`).join('\n')
    expect(opened.errors.map(({ code }) => code)).toEqual(expect.arrayContaining(['USER_NOT_READ', 'CENSOR_FAILED']))
    expectNoSecret(told)
  })
})

describe('an app decides', () => {
  async function recorded(settings: Settings<never>, target = '/?note=hunter22&token=hunter22&a=1') {
    const opened = open(settings)
    const app = quietApp().use(expressAudit(opened.audit), (req, res) => {
      req.auditLog.setResults({ note: 'hunter22', token: 'hunter22', a: 1 }).info('note=hunter22 token=hunter22 a=1')
      res.set('x-note', 'hunter22').set('x-api-key', 'hunter22').end()
    })
    await sendRaw(await serve(app), get(target))
    return { record: await opened.record(), errors: opened.errors }
  }

  it('on more names, in any case', async () => {
    const { record } = await recorded({ redact: { headers: ['X-Note'], query: ['NOTE'], keys: ['Note'] } })
    expect(JSON.stringify(record)).not.toContain('hunter22')
    expect(record.results).toEqual({ note: 'REDACTED', token: 'REDACTED', a: 1 })
  })

  it('on other names in place of the built-in ones', async () => {
    const { record } = await recorded({
      redact: { mode: 'replace', headers: ['x-note'], query: ['note'], keys: ['note'] },
    })
    expect(record.http_request?.url).toContain('/?note=REDACTED&token=hunter22&a=1')
    expect(record.results).toEqual({ note: 'REDACTED', token: 'hunter22', a: 1 })
    expect(record.http_response?.headers).toMatchObject({ 'x-note': 'REDACTED', 'x-api-key': 'hunter22' })
  })

  it('on what stands in its place', async () => {
    const censor = (value: unknown, name: string) => `<${name}:${String(value).length}>`
    expect((await recorded({ redact: { censor } })).record.results).toMatchObject({ token: '<token:8>' })
    expect((await recorded({ redact: { censor: '***' } })).record.results).toMatchObject({ token: '***' })
    expect((await recorded({ redact: { censor: '' } })).record.message).toBe('note=hunter22 token= a=1')
  })

  it('and a censor that fails still hides', async () => {
    for (const censor of [
      () => {
        throw new Error('hunter22')
      },
      () => undefined as never,
      () => Promise.resolve('x') as never,
    ]) {
      const { record, errors } = await recorded({ redact: { censor } })
      expect(record.results).toEqual({ note: 'hunter22', token: 'REDACTED', a: 1 })
      expect(errors[0]?.code).toBe('CENSOR_FAILED')
    }
  })

  it('whether users have pseudonyms, equal for equal users, named by their key', async () => {
    const key = 'a key of the tests, thirty-two bytes long'
    const opened = open({ pseudonyms: { key, keyId: 'k1' } })
    const app = quietApp().use(expressAudit(opened.audit), (req, res) => {
      Object.assign(req, { user: { id: 'u-1', email: 'jane@example.org', realm: 'city', roles: ['editor'] } })
      void req.auditLog.event().info('event').sendLog()
      res.end()
    })
    const port = await serve(app)
    await sendRaw(port, get('/'))
    await sendRaw(port, get('/'))
    const records = await opened.records(4)
    expect(new Set(records.map(({ user }) => user?.email)).size).toBe(1)
    expect(records[0]?.user).toMatchObject({ realm: 'city', roles: ['editor'] })
    expect(records[0]?.user?.email).toMatch(/^hmac-sha256:k1:[0-9a-f]{64}$/)
    expect(JSON.stringify(records)).not.toContain('jane@')
    expect(JSON.stringify(records)).not.toContain('u-1')
  })
})

it('a forwarded host cannot carry anything into the record', async () => {
  const opened = open({ trustedProxies: ['loopback'] })
  const port = await serve(nodeAudit(opened.audit)((_req, res) => res.end()))
  await sendRaw(port, get('/x', 'Host: app.example.org', `X-Forwarded-Host: u:${secret}@h.example`))
  await sendRaw(port, get('/x', `Host: u:${secret}@h.example`))
  const records = await opened.records(2)
  expectNoSecret(JSON.stringify(records))
  expect(records[0]?.http_request?.url).toBe('http://app.example.org/x')
})

describe('however a secret is wrapped', () => {
  const name = fc.constantFrom('password', 'Access-Token', 'user[pin]', 'api_key', 'x.secret', 'sessionid', 'SIG')
  const url = fc.oneof(
    name.map((key) => `https://h.example/p;x=1?a=1&${encodeURIComponent(key)}=${secret}&b=2#c`),
    name.map((key) => `https://h.example/#${key}=${secret}`),
    fc.constant(`https://jane:${secret}@h.example/`),
  )
  const nestedUrl = fc.tuple(url, fc.nat({ max: 2 })).map(([plain, depth]) => {
    let nested = plain
    for (let n = 0; n < depth; n++) nested = `https://h.example/?next=${encodeURIComponent(nested)}&z=1`
    return nested
  })
  const text = fc.oneof(
    nestedUrl,
    nestedUrl.map((plain) => `see <${plain}>, please`),
    name.map((key) => `say ${key}=${secret} and go on`),
    name.map((key) => `/relative?${key}=${secret}`),
    name.map((key) => JSON.stringify({ a: 1, [key]: secret, b: [2] })),
    fc.constantFrom(`Authorization: Bearer ${secret}`, `basic ${secret}`, `//jane:${secret}@h.example`),
  )
  const encodedText = fc
    .tuple(text, fc.boolean())
    .map(([plain, isQuoted]) => (isQuoted ? JSON.stringify({ plain }) : plain))
  const holder = name.chain((key) =>
    fc.constantFrom<(value: unknown) => unknown>(
      (value) => ({ [key]: value }),
      (value) => new Map([[key, value]]),
      (value) => Object.assign(Object.create({ inherited: 1 }), { [key]: value }),
      (value) => ({ toJSON: () => ({ [key]: value }) }),
      (value) => ({ [key]: [value, { deep: new Set([value]) }] }),
    ),
  )
  const leaf = fc.oneof(
    encodedText.map((plain) => plain as unknown),
    fc
      .tuple(holder, fc.constantFrom<unknown>(secret, Buffer.from(secret), Object(secret), [secret], { a: secret }))
      .map(([hold, value]) => hold(value)),
    encodedText.map((plain) => new Error(plain, { cause: plain })),
  )
  const wrapper = fc.constantFrom<(value: unknown) => unknown>(
    (value) => [1, value],
    (value) => ({ a: { b: value } }),
    (value) => new Map([['k', value]]),
    (value) => new Map([[{ k: 1 }, value]]),
    (value) => new Set([value]),
    (value) => new Error('outer', { cause: value }),
    (value) => new AggregateError([value], 'all'),
    (value) => ({ toJSON: () => value }),
  )

  it('no piece of it is in the record', async () => {
    const opened = open()
    let count = 0
    await fc.assert(
      fc.asyncProperty(leaf, encodedText, fc.array(wrapper, { maxLength: 4 }), async (value, message, wrappers) => {
        const wrapped = wrappers.reduce((inner, wrap) => wrap(inner), value)
        opened.sink.clear()
        await opened.audit.logger().setResults(wrapped).setFilter(message, wrapped).info(message).sendLog()
        await opened.audit.flush()
        expectNoSecret(JSON.stringify(opened.sink.records))
        count += 1
      }),
      { numRuns: 400 },
    )
    expect(opened.audit.health().counters.recorded).toBe(count)
  })
})
