import http, { type IncomingHttpHeaders } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, test } from 'vitest'
import { nodeHeader } from './node-headers.ts'

test('a header is read as Node itself reads it, however often and in whatever case it came', async () => {
  const names = ['host', 'user-agent', 'x-forwarded-for', 'x-request-id', 'traceparent', 'absent']
  let seen: (string | undefined)[] = []
  let headers: IncomingHttpHeaders = {}
  const server = http.createServer((req, res) => {
    seen = names.map((name) => nodeHeader(req, name))
    headers = req.headers
    res.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(
    'GET / HTTP/1.1\r\nHost: a\r\nUSER-AGENT: one\r\nUser-Agent: two\r\nX-Forwarded-For: 1.1.1.1\r\nx-forwarded-for: 2.2.2.2\r\n' +
      'X-Request-Id: r\r\ntraceparent: 1\r\nTraceparent: 2\r\nConnection: close\r\n\r\n',
  )
  for await (const _ of socket);
  server.close()
  expect(seen).toEqual(names.map((name) => headers[name]))
  expect(seen).toEqual(['a', 'one', '1.1.1.1, 2.2.2.2', 'r', '1, 2', undefined])
})

test('a request that no parser made has its headers all the same', () => {
  const req = { headers: { 'x-forwarded-for': ['1.1.1.1', '2.2.2.2'], host: 'a' }, rawHeaders: [] }
  expect(nodeHeader(req as never, 'x-forwarded-for')).toBe('1.1.1.1, 2.2.2.2')
  expect(nodeHeader(req as never, 'host')).toBe('a')
})
