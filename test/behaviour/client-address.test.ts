import { once } from 'node:events'
import http from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { expressAudit } from '../../src/adapters/express.ts'
import { nodeAudit } from '../../src/adapters/node.ts'
import type { Settings } from '../../src/audit-log/settings.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { cpuMs, eventually } from '../support/time.ts'
import { get, open, quietApp, send, sendRaw, serve } from './audited.ts'

/** The address recorded for one request with these header lines, on Express and on node:http, which agree. */
async function addressOf(settings: Settings<never>, ...headers: readonly string[]) {
  const [onExpress, onNode] = [open(settings), open(settings)]
  const app = quietApp().use(expressAudit(onExpress.audit), (_req, res) => void res.end())
  await sendRaw(await serve(app), get('/', ...headers))
  await sendRaw(await serve(nodeAudit(onNode.audit)((_req, res) => res.end())), get('/', ...headers))
  const addresses = [(await onExpress.record()).user!.ip, (await onNode.record()).user!.ip]
  expect(addresses[0]).toBe(addresses[1])
  return addresses[0]
}

const loopback = { trustedProxies: ['loopback'] }
const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ family }) => family === 'IPv6'))

describe('the address of the client', () => {
  it('is the peer where no proxy is trusted, whatever the headers say', async () => {
    const claims = ['X-Forwarded-For: 203.0.113.66', 'Forwarded: for=203.0.113.66', 'X-Real-IP: 203.0.113.66']
    for (const settings of [{}, { trustedProxies: [] }, { trustedProxies: 0 }, { trustedProxies: ['10.0.0.0/8'] }])
      expect(await addressOf(settings, ...claims)).toBe('127.0.0.1')
  })

  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['198.51.100.7:52383', '198.51.100.7'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['203.0.113.66, 203.0.113.7', '203.0.113.7'],
    ['203.0.113.66, 127.0.0.2', '203.0.113.66'],
    ['unknown', '127.0.0.1'],
    ['_hidden', '127.0.0.1'],
    ['', '127.0.0.1'],
    ['999.1.1.1', '127.0.0.1'],
    ['127.0.0.1.evil', '127.0.0.1'],
    ['203.0.113.66, unknown', '127.0.0.1'],
    ['203.0.113.7, ,', '127.0.0.1'],
    ['"203.0.113.7"', '127.0.0.1'],
    ['<script>, 203.0.113.7', '203.0.113.7'],
  ])('is read from the right of X-Forwarded-For by trusted proxies: %s', async (value, expected) => {
    expect(await addressOf(loopback, `X-Forwarded-For: ${value}`)).toBe(expected)
  })

  it('is read over several lines of the header, in their order', async () => {
    const lines = ['X-Forwarded-For: 203.0.113.66', 'X-Forwarded-For: 203.0.113.7, 127.0.0.9']
    expect(await addressOf(loopback, ...lines)).toBe('203.0.113.7')
  })

  it('is so many hops away, where a number is trusted', async () => {
    const header = 'X-Forwarded-For: 203.0.113.1, 203.0.113.2, 203.0.113.3'
    expect(await addressOf({ trustedProxies: 1 }, header)).toBe('203.0.113.3')
    expect(await addressOf({ trustedProxies: 2 }, header)).toBe('203.0.113.2')
    expect(await addressOf({ trustedProxies: 9 }, header)).toBe('203.0.113.1')
  })

  it('is read from the configured header alone', async () => {
    const [list, forwarded] = [
      'X-Forwarded-For: 203.0.113.7',
      'Forwarded: for=203.0.113.66, for="[2001:db8::1]:4711";proto=https',
    ]
    expect(await addressOf(loopback, list, forwarded)).toBe('203.0.113.7')
    expect(await addressOf({ ...loopback, forwardedHeader: 'forwarded' }, list, forwarded)).toBe('2001:db8::1')
    expect(await addressOf({ ...loopback, forwardedHeader: 'Forwarded' }, list)).toBe('127.0.0.1')
    expect(
      await addressOf({ ...loopback, forwardedHeader: 'CF-Connecting-IP' }, list, 'cf-connecting-ip: 203.0.113.9'),
    ).toBe('203.0.113.9')
  })

  it('is not moved by an open quote to the left', async () => {
    const settings = { ...loopback, forwardedHeader: 'forwarded' }
    expect(await addressOf(settings, 'Forwarded: for="203.0.113.66, for=203.0.113.7')).toBe('203.0.113.7')
  })

  it('is found in no time in a header made to be slow', async () => {
    const started = cpuMs()
    for (const unit of [', ', ' ', 'a.', '"\\', '1,'])
      await addressOf(loopback, `X-Forwarded-For: ${unit.repeat(30_000)}`)
    for (const unit of [', ', 'for="', 'for=;', '\\"'])
      await addressOf({ ...loopback, forwardedHeader: 'forwarded' }, `Forwarded: ${unit.repeat(10_000)}`)
    expect(cpuMs() - started).toBeLessThan(8_000)
  })

  it.skipIf(!hasIPv6)('is an IPv4 address on a dual-stack server', async () => {
    for (const trustedProxies of [['127.0.0.1'], ['loopback'], ['127.0.0.0/8']]) {
      const opened = open({ trustedProxies })
      const port = await serve(
        nodeAudit(opened.audit)((_req, res) => res.end()),
        { host: '::' },
      )
      await sendRaw(port, get('/', 'X-Forwarded-For: 203.0.113.7'))
      await sendRaw(port, get('/'))
      expect((await opened.records(2)).map(({ user }) => user?.ip)).toEqual(['203.0.113.7', '127.0.0.1'])
    }
  })

  it('is null on a Unix socket, where a forged header changes nothing', async () => {
    const opened = open(loopback)
    const path = join(temporaryDirectory(), 'socket')
    await serve(
      nodeAudit(opened.audit)((_req, res) => res.end()),
      { path },
    )
    const req = http.get({ socketPath: path, path: '/x', headers: { 'x-forwarded-for': '203.0.113.66' } })
    const [res] = (await once(req, 'response')) as [http.IncomingMessage]
    res.resume()
    const { user, http_request } = await opened.record()
    expect(user?.ip).toBeNull()
    expect(http_request?.url).not.toContain('undefined')
  })

  it('is the forwarded one on a Unix socket, where one hop is trusted whoever it is', async () => {
    const opened = open({ trustedProxies: 1 })
    const path = join(temporaryDirectory(), 'socket')
    await serve(
      nodeAudit(opened.audit)((_req, res) => res.end()),
      { path },
    )
    const req = http.get({ socketPath: path, path: '/x', headers: { 'x-forwarded-for': '203.0.113.66, 203.0.113.7' } })
    const [res] = (await once(req, 'response')) as [http.IncomingMessage]
    res.resume()
    expect((await opened.record()).user?.ip).toBe('203.0.113.7')
  })

  it('is there when the client leaves before, during or after, and on Connection: close', async () => {
    const opened = open()
    const app = quietApp().use(expressAudit(opened.audit))
    let reached = 0
    app.use((_req, _res, next) => {
      reached++
      next()
    })
    app.get('/never', () => undefined)
    app.get('/half', (_req, res) => void res.write('half'))
    app.post('/upload', () => undefined)
    app.get('/close', (_req, res) => void res.end('ok'))
    const port = await serve(app)
    await sendRaw(port, get('/close'))
    for (const head of [
      get('/half'),
      get('/never'),
      'POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nhalf',
    ]) {
      const before = reached
      const socket = connect({ port, host: '127.0.0.1' })
      socket.write(head)
      if (head.includes('/half')) await once(socket, 'data')
      await eventually(() => expect(reached).toBe(before + 1))
      socket.destroy()
    }
    const records = await opened.records(4)
    expect(records.map(({ user }) => user?.ip)).toEqual(Array(4).fill('127.0.0.1'))
    expect(records.map(({ outcome }) => outcome).sort()).toEqual(['aborted', 'aborted', 'aborted', 'success'])
  })
})

describe('Express decides on the address by its own setting', () => {
  async function onExpress(trustProxy: unknown, settings: Settings<never>, header: string) {
    const opened = open(settings)
    const app = quietApp().set('trust proxy', trustProxy)
    app.use(expressAudit(opened.audit), (req, res) => void res.send(req.ip))
    const { body } = await send(await serve(app), '/', { headers: { 'x-forwarded-for': header } })
    return { ip: (await opened.record()).user?.ip, expressIp: body, errors: opened.errors.map(({ code }) => code) }
  }

  it('where ours is not set', async () => {
    for (const trust of [true, 1, 'loopback', (address: string) => address === '127.0.0.1']) {
      const { ip, expressIp, errors } = await onExpress(trust, {}, '203.0.113.7')
      expect([ip, expressIp, errors]).toEqual(['203.0.113.7', '203.0.113.7', []])
    }
  })

  it('not where ours is', async () => {
    expect((await onExpress(true, { trustedProxies: ['10.0.0.0/8'] }, '203.0.113.7')).ip).toBe('127.0.0.1')
    expect((await onExpress(true, loopback, '203.0.113.66, 203.0.113.7')).ip).toBe('203.0.113.7')
  })

  it('and what is no address stays none', async () => {
    expect((await onExpress(true, {}, '<script>')).ip).toBeNull()
  })
})

it('forwarded headers that nobody is trusted for are warned of once', async () => {
  for (const unset of [{}, { trustedProxies: undefined }]) {
    const opened = open(unset)
    const port = await serve(quietApp().use(expressAudit(opened.audit), (_req, res) => void res.end()))
    for (let n = 0; n < 3; n++) await sendRaw(port, get('/', 'X-Forwarded-For: 203.0.113.66'))
    await opened.records(3)
    expect(opened.errors.map(({ code }) => code)).toEqual(['PROXY_NOT_TRUSTED'])
    expect(opened.errors[0]?.message).not.toContain('203.0.113.66')
  }
})

it('who decides that nobody is trusted is not warned', async () => {
  const opened = open({ trustedProxies: [] })
  const port = await serve(quietApp().use(expressAudit(opened.audit), (_req, res) => void res.end()))
  await sendRaw(port, get('/', 'X-Forwarded-For: 203.0.113.66'))
  await opened.record()
  expect(opened.errors).toEqual([])
})
