import { Router } from 'express'
import { describe, expect, it } from 'vitest'
import { expressAudit } from '../../src/adapters/express.ts'
import { nodeAudit } from '../../src/adapters/node.ts'
import type { Settings } from '../../src/audit-log/settings.ts'
import { cpuMs } from '../support/time.ts'
import { get, open, quietApp, send, sendRaw, serve } from './audited.ts'

/** The URLs that an Express app and a node:http app record of these raw requests, one after the other. */
async function urlsOf(requests: readonly string[], settings: Settings<never> = {}) {
  const [onExpress, onNode] = [open(settings), open(settings)]
  const app = quietApp().use(expressAudit(onExpress.audit), (_req, res) => void res.send('ok'))
  const ports = [await serve(app), await serve(nodeAudit(onNode.audit)((_req, res) => res.end('ok')))] as const
  for (const port of ports) for (const request of requests) expect(await sendRaw(port, request)).toContain('HTTP/1.1 ')
  const urls = [onExpress, onNode].map(async ({ audit, sink }) => {
    await audit.flush()
    return sink.records.map(({ http_request }) => http_request?.url)
  })
  const [ofExpress, ofNode] = await Promise.all(urls)
  expect(ofExpress).toEqual(ofNode)
  return { urls: ofExpress!, ports }
}

const ORIGIN = 'http://app.example.org'

describe('the URL of a record is what the client asked for', () => {
  it.each([
    '/foo/bar?q=1',
    '/%E0%A4%A',
    '/%80',
    '/a%00b',
    '/%c0%ae%c0%ae/etc',
    '/?q=%zz&q=%zz',
    '//',
    '//evil.example/x',
    '/a//b/../c/./d',
    '/?',
    '/x?a=1?b=2',
    '/caf%C3%A9',
    "/it's/(here)!*",
  ])('%s', async (target) => {
    expect((await urlsOf([get(target)])).urls).toEqual([`${ORIGIN}${target}`])
  })

  it('also a long one', async () => {
    const target = `/${'long/'.repeat(2_800)}`
    expect((await urlsOf([get(target)])).urls).toEqual([`${ORIGIN}${target}`])
  })

  it('whole where the client sent it whole, and * as it is', async () => {
    const absolute = 'http://other.example.org:8080/x?y=1'
    const options = 'OPTIONS * HTTP/1.1\r\nHost: app.example.org\r\nConnection: close\r\n\r\n'
    expect((await urlsOf([get(absolute), options])).urls).toEqual([absolute, '*'])
  })

  it('with the address and port that it came to, where it named no host', async () => {
    const opened = open()
    const port = await serve(nodeAudit(opened.audit)((_req, res) => res.end()))
    await sendRaw(port, 'GET /old HTTP/1.0\r\n\r\n')
    expect((await opened.record()).http_request?.url).toBe(`http://127.0.0.1:${port}/old`)
  })

  it('with bytes beyond ASCII read as UTF-8', async () => {
    const { urls } = await urlsOf([get('/', `Host: ${Buffer.from('bücher.example').toString('latin1')}`)])
    expect(urls).toEqual(['http://bücher.example/'])
  })

  it('under mounted routers, and where a middleware rewrites it', async () => {
    const opened = open()
    const rewriting = Router().use((req, _res, next) => {
      req.url = '/elsewhere?secret=no'
      next()
    })
    const inner = Router().get('/bar', (req, res) => void res.send(req.url))
    const outer = Router().use('/mid', inner)
    const app = quietApp().use(expressAudit(opened.audit))
    app.use('/foo', outer)
    app.use(rewriting, (req, res) => void res.send(req.url))
    const port = await serve(app)
    expect((await send(port, '/foo/mid/bar?q=1')).body).toBe('/bar?q=1')
    expect((await send(port, '/original')).body).toBe('/elsewhere?secret=no')
    const urls = (await opened.records(2)).map(({ http_request }) => http_request?.url)
    expect(urls).toEqual([`http://127.0.0.1:${port}/foo/mid/bar?q=1`, `http://127.0.0.1:${port}/original`])
  })

  it('under an app that is mounted in another', async () => {
    const opened = open()
    const audit = expressAudit(opened.audit)
    const inner = quietApp().use(audit, (req, res) => void res.send(req.url))
    const port = await serve(quietApp().use(audit).use('/inner', inner))
    expect((await send(port, '/inner/things?x=1')).body).toBe('/things?x=1')
    expect((await opened.record()).http_request?.url).toBe(`http://127.0.0.1:${port}/inner/things?x=1`)
  })

  it('also where the audit itself is mounted under a path', async () => {
    const opened = open()
    const port = await serve(quietApp().use('/api', expressAudit(opened.audit), (_req, res) => void res.end()))
    await send(port, '/api/things?x=1')
    expect((await opened.record()).http_request?.url).toBe(`http://127.0.0.1:${port}/api/things?x=1`)
  })
})

describe('scheme and host that a proxy tells', () => {
  const told = ['X-Forwarded-Proto: https', 'X-Forwarded-Host: www.example.org']

  it('count when the proxy is trusted', async () => {
    expect((await urlsOf([get('/x', ...told)], { trustedProxies: ['loopback'] })).urls).toEqual([
      'https://www.example.org/x',
    ])
    expect((await urlsOf([get('/x', ...told)], { trustedProxies: 1 })).urls).toEqual(['https://www.example.org/x'])
  })

  it('do not when nobody is, or only somebody else', async () => {
    expect((await urlsOf([get('/x', ...told)])).urls).toEqual([`${ORIGIN}/x`])
    expect((await urlsOf([get('/x', ...told)], { trustedProxies: ['10.0.0.0/8'] })).urls).toEqual([`${ORIGIN}/x`])
  })

  it('come from the configured header alone', async () => {
    const settings = { trustedProxies: ['loopback'], forwardedHeader: 'Forwarded' }
    const forwarded = 'Forwarded: for=203.0.113.9;proto=https;host="shop.example.org"'
    expect((await urlsOf([get('/x', forwarded, ...told)], settings)).urls).toEqual(['https://shop.example.org/x'])
    expect((await urlsOf([get('/x', ...told)], settings)).urls).toEqual([`${ORIGIN}/x`])
  })

  it('are left alone where they are none', async () => {
    const odd = ['X-Forwarded-Proto: javascript', 'X-Forwarded-Host: evil.example/path?x']
    expect((await urlsOf([get('/x', ...odd)], { trustedProxies: ['loopback'] })).urls).toEqual([`${ORIGIN}/x`])
  })
})

describe('exempt paths', () => {
  async function recorded(exemptUrls: readonly (RegExp | string)[], ...targets: readonly string[]) {
    const { urls } = await urlsOf(
      targets.map((target) => get(target)),
      { exemptUrls },
    )
    return urls.map((url) => url!.replace(ORIGIN, ''))
  }

  it('are those whose path matches, whatever the query', async () => {
    const targets = ['/health', '/health?x=1', '/healthz', '/api/health', '/HEALTH', '/health/']
    expect(await recorded([/^\/health$/], ...targets)).toEqual(targets.slice(2))
  })

  it('match the original path under a mounted router', async () => {
    const opened = open({ exemptUrls: [/^\/health$/] })
    const app = quietApp().use('/api', expressAudit(opened.audit), (_req, res) => void res.end())
    await send(await serve(app), '/api/health')
    expect((await opened.record()).http_request?.url).toContain('/api/health')
  })

  it('cannot be dodged into by a path that a server reads differently', async () => {
    const dodges = [
      '/static/../admin',
      '/static/%2e%2e/admin',
      '/static/.%2e/admin',
      '/static/%2E%2E%2Fadmin',
      '/static/..%2fadmin',
      '/static/..%5cadmin',
      '/static/..\\admin',
      '/static/%252e%252e/admin',
      '/static/..;/admin',
      '//static/../admin',
      '/admin?x=/static/',
      '/admin#/static/',
      '/admin/%2e%2e/%73tatic/../admin',
      '/static/%zz',
      '/static/%00',
      'http://app.example.org/static/../admin',
      `/static/${'a'.repeat(9_000)}`,
    ]
    const seen = await recorded([/^\/static\//], '/static/app.js', ...dodges, '/static/%61pp.js', '/static//app.js')
    expect(seen).toEqual(dodges.map((target) => target.replace(ORIGIN, '')))
  })

  it('keep matching with flags that carry a state', async () => {
    expect(await recorded([/^\/health$/g, /^\/ping$/y], '/health', '/health', '/health', '/ping', '/ping')).toEqual([])
  })

  it('do not let a slow pattern of the app hold up the server', async () => {
    const started = cpuMs()
    const target = `/${'a'.repeat(9_000)}!`
    expect(await recorded(['^/(x?)*b$', 'a.*a.*a.*b$'], target)).toEqual([target])
    // Cubic growth over 8 KiB takes minutes; a path that long is not matched at all.
    expect(cpuMs() - started).toBeLessThan(5_000)
  })
})
