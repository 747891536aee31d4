import { describe, expect, test } from 'vitest'
import { requestId, requestUrl, traceId } from './url.ts'

const here = { host: 'app.example.org', scheme: 'http' }
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

describe('the URL', () => {
  test.each([
    '/',
    '/a?b=c',
    '/%E0%A4%A',
    '/%80',
    '/a%00b',
    '/?q=%zz',
    '//two//slashes',
    '/%2e%2e/x',
    '/a#b',
    '/ünïcode',
  ])('keeps %s as the client sent it', (target) => {
    expect(requestUrl({ ...here, target })).toBe(`http://app.example.org${target}`)
  })

  test.each(['*', 'http://other.example/x?y=%zz', 'HTTPS://OTHER.example', 'db.example:443'])(
    'is %s alone where that was the target',
    (target) => {
      expect(requestUrl({ ...here, target })).toBe(target)
      expect(requestUrl({ ...here, target, forwarded: { scheme: 'https', host: 'www.example.org' } })).toBe(target)
    },
  )

  test('has the scheme and host that a trusted proxy tells, each on its own', () => {
    const target = '/x'
    expect(requestUrl({ ...here, target, forwarded: { scheme: 'https', host: 'www.example.org' } })).toBe(
      'https://www.example.org/x',
    )
    expect(requestUrl({ ...here, target, forwarded: { scheme: 'https', host: undefined } })).toBe(
      'https://app.example.org/x',
    )
    expect(requestUrl({ ...here, target, forwarded: { scheme: undefined, host: 'www.example.org' } })).toBe(
      'http://www.example.org/x',
    )
  })

  test.each([
    ['127.0.0.1', 8080, 'http://127.0.0.1:8080/x'],
    ['::1', 8080, 'http://[::1]:8080/x'],
    ['::ffff:127.0.0.1', 8080, 'http://127.0.0.1:8080/x'],
    ['fe80::1%eth0', 80, 'http://[fe80::1]:80/x'],
    ['127.0.0.1', undefined, 'http://127.0.0.1/x'],
    [undefined, undefined, '/x'],
    ['/run/app.sock', undefined, '/x'],
  ])('without a host has the local address %s and port %s', (localAddress, localPort, expected) => {
    for (const host of [undefined, ''])
      expect(requestUrl({ target: '/x', scheme: 'http', host, localAddress, localPort })).toBe(expected)
  })

  test('never says "undefined", whatever is missing', () => {
    for (const target of [undefined, '', '/', '*'])
      for (const host of [undefined, '', 'h'])
        for (const localAddress of [undefined, '::1'])
          for (const forwarded of [undefined, { scheme: undefined, host: undefined }])
            expect(requestUrl({ target, host, scheme: 'http', localAddress, forwarded })).not.toContain('undefined')
    expect(requestUrl({ ...here, target: undefined })).toBe('http://app.example.org')
  })
})

describe('the request id', () => {
  test.each(['a', 'req-1', 'a.b_c:d@e', 'x'.repeat(128)])('%s is kept', (text) => {
    expect(requestId(text)).toBe(text)
  })

  test.each([[''], ['a b'], ['a\nb'], ['a\n'], ['é'], ['a,b'], ['x'.repeat(129)], [undefined], [null], [7], [['a']]])(
    '%j is not',
    (value) => {
      expect(requestId(value)).toBeUndefined()
    },
  )
})

describe('the trace id', () => {
  test.each([
    `00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-00`,
    `01-${TRACE}-${SPAN}-03`,
    `01-${TRACE}-${SPAN}-03-what-the-future-brings`,
    `fe-${TRACE}-${SPAN}-03`,
  ])('is read from %s', (text) => {
    expect(traceId(text)).toBe(TRACE)
  })

  test.each([
    [''],
    [undefined],
    [[`00-${TRACE}-${SPAN}-01`]],
    [`ff-${TRACE}-${SPAN}-01`],
    [`00-${TRACE}-${SPAN}-01-more`],
    [`01-${TRACE}-${SPAN}-01more`],
    [`00-${TRACE}-${SPAN}-1`],
    [`00-${TRACE}-${SPAN}`],
    [`00-${'0'.repeat(32)}-${SPAN}-01`],
    [`00-${TRACE}-${'0'.repeat(16)}-01`],
    [`00-${TRACE.toUpperCase()}-${SPAN}-01`],
    [`00-${TRACE.slice(1)}-${SPAN}-01`],
    [` 00-${TRACE}-${SPAN}-01`],
    [`00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`],
  ])('is not read from %j', (value) => {
    expect(traceId(value)).toBeUndefined()
  })
})
