import { posix } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compilePatterns, createExemption } from './exempt.ts'

describe('a pattern sees the path', () => {
  const isExempt = createExemption([/^\/health$/])

  test.each([
    '/health',
    '/health?x=1',
    '/health?',
    'http://app.example.org/health',
    'http://app.example.org:80/health?x',
  ])('%s is exempt', (target) => {
    expect(isExempt(target)).toBe(true)
    expect(isExempt(target)).toBe(true)
  })

  test.each([
    '/healthz',
    '/api/health',
    '/HEALTH',
    '/health/',
    '/',
    '',
    '*',
    '/x?/health',
    'health',
    'app.example.org:443',
    'http://health/',
  ])('%s is not', (target) => {
    expect(isExempt(target)).toBe(false)
    expect(isExempt(target)).toBe(false)
  })

  test('an absolute target without a path has the path of the root', () => {
    expect(createExemption([/^\/$/])('http://app.example.org?x=1')).toBe(true)
  })

  test('a request without a path is never exempt', () => {
    const all = createExemption([/./])
    for (const target of ['*', 'app.example.org:443', '', '?x', 'http:/x', 'http://app.example.org\\x'])
      expect(all(target)).toBe(false)
  })
})

describe('a path cannot be dressed up', () => {
  const isExempt = createExemption([/^\/static\//])

  test.each([
    '/static/a.css',
    '/static/./a.css',
    '/static/b/../a.css',
    '/static//a.css',
    '/static/%61.css',
    '/static/%C3%BC.css',
  ])('%s is exempt', (target) => {
    expect(isExempt(target)).toBe(true)
  })

  test.each([
    '/static/../admin/users',
    '/static/%2e%2e/admin',
    '/static/.%2E/admin',
    '/static/%2e%2e%2fadmin',
    '/static/..%5cadmin',
    '/static/..\\admin',
    '/static/%252e%252e/admin',
    '/static/..;/admin',
    '/static//../admin',
    '/static//..//..//admin',
    '/static/../admin%2f..%2fstatic/x',
    '/static/..',
    '//static/x',
    '/admin?x=/static/',
    '/admin#/static/',
    'http://h/static/../admin',
    '/./static/x',
    '/%73tatic/x',
    '/static/%',
    '/static/%E0%A4%A',
    '/static/%80',
    '/static/%c0%ae%c0%ae/etc',
    '/static/a%00b',
    '/static/a%0ab',
  ])('%s is not', (target) => {
    expect(isExempt(target)).toBe(false)
  })

  test('the end of a path cannot be dressed up either', () => {
    const css = createExemption([/\.css$/])
    expect(css('/a/b.css')).toBe(true)
    for (const target of [
      '/admin;.css',
      '/admin#.css',
      '/admin%3f.css',
      '/admin%23.css',
      '/admin?.css',
      '/admin%00.css',
    ])
      expect(css(target)).toBe(false)
  })

  test('one and the same pattern must match both forms', () => {
    expect(createExemption([/^\/static\/\.\./, /^\/admin$/])('/static/../admin')).toBe(false)
    expect(createExemption([/^\/static\//])('/static/%2E.//static/')).toBe(false)
  })

  test('no path is exempt that, decoded and resolved, lies elsewhere', () => {
    const part = fc.constantFrom(
      '/',
      '//',
      '/..',
      '/.',
      '/static',
      '/admin',
      '%2e',
      '%2E.',
      '%2f',
      '%5c',
      '\\',
      '%25',
      ';',
      '#',
      '.',
      'x',
      '%',
    )
    const paths = fc.array(part, { maxLength: 10 }).map((parts) => `/static/${parts.join('')}`)
    fc.assert(
      fc.property(paths, (path) => {
        if (!isExempt(path)) return
        const decoded = decodeURIComponent(path)
        expect(`${posix.normalize(decoded)}/`).toMatch(/^\/static\//)
        expect(new URL(path, 'http://h').pathname).toMatch(/^\/static\//)
        expect(new URL(decoded, 'http://h').pathname).toMatch(/^\/static\//)
        expect(new URL(`${posix.normalize(path)}/`, 'http://h').pathname).toMatch(/^\/static\//)
      }),
      { numRuns: 20_000 },
    )
  })

  test('any text gets an answer, the same one twice', () => {
    const loose = createExemption([/a/i, /\/\.\./])
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webPath()), (text) => {
        const answer = loose(text)
        expect(loose(text)).toBe(answer)
      }),
    )
  })
})

describe('limits', () => {
  test('a path longer than 8 KiB is never exempt, a long query does not matter', () => {
    const all = createExemption([/^\//])
    expect(all(`/${'a'.repeat(8191)}`)).toBe(true)
    expect(all(`/${'a'.repeat(8192)}`)).toBe(false)
    expect(all(`/a?${'a'.repeat(20_000)}`)).toBe(true)
  })

  test('a hostile path of 8 KiB is judged without piling up work', () => {
    const isExempt = createExemption([/^\/static\//])
    for (const part of ['/', '/..', '/.', '%2e', '/a/..', '%'])
      expect(typeof isExempt(`/static${part.repeat(2000)}`.slice(0, 8192))).toBe('boolean')
  })
})

describe('patterns', () => {
  test('the flags g and y have no effect, and the app’s own RegExp is not touched', () => {
    for (const flags of ['g', 'y', 'gy', 'gi']) {
      const pattern = new RegExp('health', flags)
      pattern.lastIndex = 3
      const isExempt = createExemption([pattern])
      for (let i = 0; i < 3; i += 1) expect(isExempt(`/health${i}`)).toBe(true)
      expect(pattern.lastIndex).toBe(3)
    }
  })

  test('none exempt nothing', () => {
    expect(createExemption([])('/')).toBe(false)
  })

  test.each([
    ['of equal flags', [/^\/a$/, /^\/b$/]],
    ['of different flags', [/^\/A$/i, /^\/b$/]],
    ['with back references', [/^\/(a)$/, /^\/(b)$/, /^\/(x)\1$/]],
    ['with named groups of one name', [/^\/(?<n>a)$/, /^\/(?<n>b)$/]],
    ['with alternatives', [/^\/a$|^\/aa$/, /^\/b$/]],
  ])('%s each count', (_what, patterns) => {
    const isExempt = createExemption(patterns)
    expect(['/a', '/b', '/c', '/ab'].map(isExempt)).toEqual([true, true, false, false])
  })

  test('a back reference means its own group', () => {
    const isExempt = createExemption([/^\/(a)b$/, /^\/(x)\1$/])
    expect(isExempt('/xx')).toBe(true)
    expect(isExempt('/xa')).toBe(false)
  })

  test('are read from RegExps and from text', () => {
    const read = compilePatterns(['^/health$', /^\/static\//i])
    expect(read).toEqual({ patterns: [/^\/health$/, /^\/static\//i] })
  })

  test.each([
    ['^/health$', ['is not a list']],
    [undefined, ['is not a list']],
    [{ 0: 'a', length: 1 }, ['is not a list']],
    [
      ['(', /a/, 7, '', null],
      [
        /^\[0\] is not a regular expression of JavaScript: .*\(/,
        /^\[2\] is neither/,
        /^\[3\] is empty/,
        /^\[4\] is neither/,
      ],
    ],
  ])('%j has faults, all named', (list, expected) => {
    const read = compilePatterns(list)
    const faults = 'faults' in read ? read.faults : []
    expect(faults).toEqual(expected.map((text) => expect.stringMatching(text)))
  })
})
