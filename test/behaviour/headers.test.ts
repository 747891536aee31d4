import type { RequestListener } from 'node:http'
import { describe, expect, it } from 'vitest'
import { expressAudit } from '../../src/adapters/express.ts'
import { nodeAudit } from '../../src/adapters/node.ts'
import type { Settings } from '../../src/audit-log/settings.ts'
import { get, open, quietApp, sendRaw, serve } from './audited.ts'

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

async function recorded(listener: RequestListener, request = get('/'), settings: Settings<never> = {}) {
  const opened = open(settings)
  const bytes = await sendRaw(await serve(nodeAudit(opened.audit)(listener)), request)
  return { record: await opened.record(), bytes }
}

const done: RequestListener = (_req, res) => void res.end()

describe('the user agent', () => {
  it.each([
    ['plain', 'curl/8', 'curl/8'],
    ['UTF-8', latin1('Ergänz/1 (日本語; 😀)'), 'Ergänz/1 (日本語; 😀)'],
    ['latin1', 'V\xe4xel/2', 'Växel/2'],
    ['a cut UTF-8 character', `${latin1('é').slice(0, 1)}/1`, '\u00c3/1'],
    ['controls of latin1', 'a\x85b\x9bc', 'a\x85b\x9bc'],
    ['empty', '', ''],
  ])('%s is kept', async (_name, sent, expected) => {
    const { record } = await recorded(done, get('/', 'Host: a', `User-Agent: ${sent}`))
    expect(record.http_request?.user_agent).toBe(expected)
  })

  it('is null where none was sent, and the first of several', async () => {
    expect((await recorded(done)).record.http_request?.user_agent).toBeNull()
    const two = get('/', 'Host: a', 'User-Agent: one', 'User-Agent: two')
    expect((await recorded(done, two)).record.http_request?.user_agent).toBe('one')
  })

  it('of 60 KB is cut, beside everything else', async () => {
    const { record } = await recorded(done, get('/short', 'Host: a', `User-Agent: ${'ü'.repeat(45_000)}`))
    expect(record.http_request?.user_agent).toMatch(/^ü+…\[cut: \d+ bytes\]$/)
    expect(record.http_request?.url).toBe('http://a/short')
  })
})

describe('the headers of a response', () => {
  it('are what went on the wire, names in lower case, a repeated one as a list at its first place', async () => {
    const { record, bytes } = await recorded((_req, res) => {
      res.setHeader('X-Early', 'overwritten')
      res.setHeader('Vary', ['Accept', 'Origin'])
      res.writeHead(201, 'Made It', { 'X-EARLY': 'late', 'x-a': '1', 'Content-Type': 'text/plain' })
      res.end('x')
    })
    expect(record.http_response).toMatchObject({ status_code: 201, reason: 'Made It' })
    const lines = bytes.split('\r\n\r\n', 1)[0]!.split('\r\n').slice(1)
    const expected: Record<string, string | string[]> = {}
    for (const line of lines) {
      const [name, value] = [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]
      expected[name] = name in expected ? [expected[name]!, value].flat() : value
    }
    expect(record.http_response?.headers).toEqual(expected)
    expect(Object.keys(record.http_response!.headers)).toEqual(Object.keys(expected))
    expect(record.http_response?.headers).toMatchObject({ vary: ['Accept', 'Origin'], 'x-early': 'late' })
  })

  it('given as a list of names and values are read as sent', async () => {
    const { record } = await recorded((_req, res) => res.writeHead(200, ['x-a', '1', 'X-A', '2', 'x-b', '3']).end())
    expect(record.http_response?.headers).toMatchObject({ 'x-a': ['1', '2'], 'x-b': '3' })
  })

  it('keep the number of cookies and none of their values', async () => {
    const opened = open()
    const app = quietApp().use(expressAudit(opened.audit))
    app.use((_req, res) => void res.cookie('session', 'hunter22').cookie('b', 'hunter22').cookie('c', 'hunter22').end())
    const bytes = await sendRaw(await serve(app), get('/'))
    expect(bytes.match(/Set-Cookie: \w+=hunter22/g)).toHaveLength(3)
    const record = await opened.record()
    expect(record.http_response?.headers['set-cookie']).toEqual(Array(3).fill('REDACTED'))
  })

  it('are read as UTF-8 where they are, else as latin1', async () => {
    const { record } = await recorded((_req, res) => {
      res.writeHead(200, { 'x-utf8': latin1('André 😀'), 'x-latin1': 'Andr\xe9' }).end()
    })
    expect(record.http_response?.headers).toMatchObject({ 'x-utf8': 'André 😀', 'x-latin1': 'André' })
  })

  it('named as parts of every object are members like others', async () => {
    const { record } = await recorded((_req, res) => {
      res.writeHead(200, ['__proto__', 'a', 'constructor', 'b', 'toString', 'c']).end()
    })
    const { headers } = record.http_response!
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype)
    expect(Object.entries(headers)).toEqual(
      expect.arrayContaining([
        ['__proto__', 'a'],
        ['constructor', 'b'],
        ['tostring', 'c'],
      ]),
    )
  })

  it('of 60 KB are cut, small ones beside them stay', async () => {
    const big = 'x'.repeat(60_000)
    const bytes = await sendRaw(await serve((_req, res) => res.setHeader('x-big', big).end()), get('/'))
    const { record, bytes: audited } = await recorded((_req, res) => {
      res.setHeader('x-big', big).setHeader('x-big-too', big).setHeader('x-small', 'kept').end()
    })
    expect(audited.length).toBeGreaterThan(bytes.length)
    const { headers } = record.http_response!
    expect(headers['x-small']).toBe('kept')
    for (const name of ['x-big', 'x-big-too']) expect(headers[name]).toMatch(/^x+…\[cut: \d+ bytes\]$/)
    expect(Buffer.byteLength(JSON.stringify(record))).toBeLessThanOrEqual(65_502)
  })

  it('are redacted by name in any case, whatever the lists say', async () => {
    const settings = { redact: { headers: ['X-PRIVATE_Note'] } }
    const { record } = await recorded(
      (_req, res) => void res.setHeader('x-private-note', 'hunter22').setHeader('X-Api-KEY', 'hunter22').end(),
      get('/'),
      settings,
    )
    expect(record.http_response?.headers).toMatchObject({ 'x-private-note': 'REDACTED', 'x-api-key': 'REDACTED' })
    expect(JSON.stringify(record)).not.toContain('hunter22')
  })

  it('are the same on the wire as without griffier', async () => {
    const listener: RequestListener = (_req, res) => {
      res.setHeader('Set-Cookie', ['a=1', 'b=2']).writeHead(200, { 'x-utf8': latin1('é') })
      res.end('body')
    }
    const undated = (bytes: string): string => bytes.replace(/Date: [^\r]*/, '')
    const bare = await sendRaw(await serve(listener), get('/'))
    expect(undated((await recorded(listener)).bytes)).toBe(undated(bare))
  })
})

it('the request id is kept where it is well-formed, and sent back only when asked', async () => {
  const ids = { good: 'req-1:a@b._x', long: 'x'.repeat(129), odd: 'a b', injected: 'a"b' }
  for (const [name, id] of Object.entries(ids)) {
    const { record, bytes } = await recorded(done, get('/', 'Host: a', `X-Request-Id: ${id}`))
    expect(record.request_id).toBe(name === 'good' ? id : undefined)
    expect(bytes.toLowerCase()).not.toContain('x-request-id')
  }
  const { record, bytes } = await recorded(done, get('/'), { echoRequestId: true })
  expect(bytes).toContain(`x-request-id: ${record.id}`)
})

it('the trace id is that of a valid traceparent', async () => {
  const trace = '0af7651916cd43dd8448eb211c80319c'
  const { record } = await recorded(done, get('/', 'Host: a', `traceparent: 00-${trace}-b7ad6b7169203331-01`))
  expect(record.trace_id).toBe(trace)
  const { record: without } = await recorded(
    done,
    get('/', 'Host: a', `traceparent: 00-${'0'.repeat(32)}-b7ad6b7169203331-01`),
  )
  expect(without.trace_id).toBeUndefined()
})
