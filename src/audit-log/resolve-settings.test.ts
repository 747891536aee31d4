import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Writable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AuditError } from '../lib/errors.ts'
import { resolveSettings } from './resolve-settings.ts'

const directory = mkdtempSync(join(tmpdir(), 'griffier-settings-'))

function moduleWith(name: string, source: string): string {
  const path = join(directory, name)
  writeFileSync(path, source)
  return path
}

function faultsOf(settings: unknown, environment: Record<string, string> = {}): readonly string[] {
  try {
    resolveSettings(settings, environment)
  } catch (thrown) {
    if (thrown instanceof AuditError && thrown.code === 'SETTINGS_INVALID') return thrown.faults
    throw thrown
  }
  return []
}

test('without any settings the defaults hold', () => {
  const expected = {
    enabled: true,
    loggerName: 'audit_log',
    exemptUrls: [],
    logHandler: undefined,
    logFormatter: 'native',
    userFromRequest: undefined,
    context: true,
    trustedProxies: undefined,
    forwardedHeader: 'x-forwarded-for',
    redact: { headers: undefined, query: undefined, keys: undefined, mode: 'extend', censor: undefined },
    privacy: 'default',
    pseudonyms: undefined,
    trail: undefined,
    guarantee: 'best-effort',
    onFailure: 'open',
    holdTimeoutMs: 5000,
    closeTimeoutMs: 10_000,
    closeOnSignals: [],
    onError: undefined,
    echoRequestId: false,
    rules: [],
  }
  expect(resolveSettings(undefined, {})).toEqual(expected)
  expect(resolveSettings({}, {})).toEqual(expected)
  expect(resolveSettings({ redact: {} }, {})).toEqual(expected)
})

test('what is undefined counts as not given, at any depth', () => {
  const given = { enabled: undefined, nonsense: undefined, redact: { keys: undefined, mode: undefined } }
  expect(resolveSettings(given, {})).toEqual(resolveSettings(undefined, {}))
})

test('settings that are right come out as given, frozen, and apart from the lists they were given as', () => {
  const keys = ['bsn']
  const key = new Uint8Array(32).fill(7)
  const onError = (): void => {}
  const resolved = resolveSettings(
    {
      enabled: false,
      loggerName: 'city',
      trustedProxies: ['10.0.0.0/8', '::1', '2001:db8::/32', '192.0.2.7'],
      forwardedHeader: 'Forwarded',
      redact: { keys, mode: 'replace', censor: () => 'gone' },
      pseudonyms: { key, keyId: '2026-11' },
      closeOnSignals: true,
      onError,
      holdTimeoutMs: 1,
      closeTimeoutMs: 0,
      echoRequestId: true,
      privacy: 'strict',
      onFailure: 'closed',
      guarantee: 'best-effort',
    },
    {},
  )
  keys.push('later')
  key.fill(0)
  expect(resolved).toMatchObject({
    enabled: false,
    loggerName: 'city',
    trustedProxies: ['10.0.0.0/8', '::1', '2001:db8::/32', '192.0.2.7'],
    forwardedHeader: 'forwarded',
    redact: { keys: ['bsn'], headers: undefined, mode: 'replace', censor: expect.any(Function) },
    pseudonyms: { keyId: '2026-11', fields: ['id', 'email'], key: new Uint8Array(32).fill(7) },
    closeOnSignals: ['SIGTERM', 'SIGINT'],
    holdTimeoutMs: 1,
    closeTimeoutMs: 0,
  })
  expect(resolved.onError).toBe(onError)
  for (const part of [resolved, resolved.redact, resolved.redact.keys, resolved.pseudonyms, resolved.closeOnSignals])
    expect(Object.isFrozen(part)).toBe(true)
})

test('each wrong setting is named, with what it was and what it should be', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{ enabled: 'yes' }, 'enabled: got a text, expected true or false'],
    [{ loggerName: '' }, 'loggerName: got an empty text, expected a text of 1 to 200 characters'],
    [{ loggerName: 7 }, 'loggerName: got the number 7, expected a text of 1 to 200 characters'],
    [
      { logFormatter: 'xml' },
      "logFormatter: got xml, expected 'native', 'python-audit-log', a function or the text module#export",
    ],
    [
      { logFormatter: 'navite' },
      "logFormatter: got navite, expected 'native', 'python-audit-log', a function or the text module#export; did you mean native?",
    ],
    [
      { logHandler: 5 },
      'logHandler: got the number 5, expected a list of handlers, or one of: a sink, an object with write(line), a function, or the text module#export',
    ],
    [
      { logHandler: [{}] },
      'logHandler[0]: got an object, expected a sink, an object with write(line), a function, or the text module#export',
    ],
    [
      { logHandler: 'stdout' },
      'logHandler: got a text, expected a list of handlers, or one of: a sink, an object with write(line), a function, or the text module#export',
    ],
    [
      { logHandler: [] },
      'logHandler: got an empty list, expected at least one handler, or a trail; enabled: false makes no records at all',
    ],
    [{ userFromRequest: 'jane' }, 'userFromRequest: got a text, expected a function or the text module#export'],
    [{ onError: {} }, 'onError: got an object, expected a function or the text module#export'],
    [{ context: null }, 'context: got null, expected true or false'],
    [
      { trustedProxies: '10.0.0.0/8' },
      'trustedProxies: got a text, expected a list of addresses and CIDR ranges such as 10.0.0.0/8, or a number of hops',
    ],
    [
      { trustedProxies: ['10.0.0.0/33'] },
      'trustedProxies[0]: has a prefix length that is not between 1 and 32, expected an address or a CIDR range such as 10.0.0.0/8',
    ],
    [
      { trustedProxies: ['10.1'] },
      'trustedProxies[0]: "10.1" is not an address, a CIDR or a known name, expected an address or a CIDR range such as 10.0.0.0/8',
    ],
    [{ trustedProxies: -1 }, 'trustedProxies: got the number -1, expected a whole number of hops from 0 to 100'],
    [{ forwardedHeader: 'x forwarded' }, 'forwardedHeader: got a text, expected the name of a header'],
    [{ redact: 'a,b' }, 'redact: got a text, expected an object with headers, query, keys, mode, censor'],
    [{ redact: { keys: 'a,b' } }, 'redact.keys: got a text, expected a list of names'],
    [{ redact: { keys: ['a', 5] } }, 'redact.keys[1]: got the number 5, expected a text of 1 to 200 characters'],
    [{ redact: { kesy: ['a'] } }, 'redact.kesy: is not a setting, did you mean keys?'],
    [{ redact: { mode: 'add' } }, "redact.mode: got add, expected 'extend' or 'replace'"],
    [
      { redact: { censor: 7 } },
      'redact.censor: got the number 7, expected a text of at most 200 characters, a function, or the text module#export',
    ],
    [{ privacy: true }, "privacy: got true, expected 'default' or 'strict'"],
    [{ guarantee: 'written' }, "guarantee: written needs a trail, expected 'best-effort', or the setting trail"],
    [
      { trail: './audit' },
      'trail: got a text, expected an object with directory, key, origin, heartbeatMs, allowNetworkFs',
    ],
    [{ trail: {} }, 'trail.directory: got nothing, expected the path of a directory'],
    [
      { trail: { directory: '' }, guarantee: 'durable' },
      'trail.directory: got an empty text, expected the path of a directory',
    ],
    [
      { trail: { directory: 'a', origin: 'a+b' } },
      'trail.origin: got a text, expected a name of 1 to 255 characters, without space and "+"',
    ],
    [
      { trail: { directory: 'a', heartbeatMs: 10 } },
      'trail.heartbeatMs: got the number 10, expected a whole number of milliseconds from 1000 to 2147483647',
    ],
    [
      { guarantee: 'none' },
      "guarantee: got none, expected 'best-effort' or 'written' or 'durable' or 'recorded-first'",
    ],
    [{ onFailure: 'close' }, "onFailure: got close, expected 'open' or 'closed'; did you mean closed?"],
    [
      { holdTimeoutMs: 0 },
      'holdTimeoutMs: got the number 0, expected a whole number of milliseconds from 1 to 2147483647',
    ],
    [
      { closeTimeoutMs: Number.NaN },
      'closeTimeoutMs: got the number NaN, expected a whole number of milliseconds from 0 to 2147483647',
    ],
    [{ closeOnSignals: 'SIGTERM' }, 'closeOnSignals: got a text, expected true, false or a list of signals'],
    [
      { closeOnSignals: ['SIGKILL'] },
      'closeOnSignals[0]: got SIGKILL, expected the name of a signal that can be caught, such as SIGTERM',
    ],
    [
      { closeOnSignals: ['sigterm'] },
      'closeOnSignals[0]: got sigterm, expected the name of a signal that can be caught, such as SIGTERM',
    ],
    [{ echoRequestId: 1n }, 'echoRequestId: got a bigint, expected true or false'],
    [
      { pseudonyms: { keyId: 'k', key: new Uint8Array(32), fields: ['roles'] } },
      "pseudonyms.fields[0]: got roles, expected 'id' or 'email' or 'provider' or 'realm'",
    ],
    [{ exempturls: [] }, 'exempturls: is not a setting, did you mean exemptUrls?'],
    [[], 'settings: are of the wrong kind, expected a plain object'],
    [null, 'settings: are of the wrong kind, expected a plain object'],
    [new Writable(), 'settings: are of the wrong kind, expected a plain object'],
  ]
  for (const [settings, fault] of cases) expect(faultsOf(settings)).toEqual([fault])
})

test('anything but a list of patterns is a fault of exemptUrls, as is a pattern that is none', () => {
  for (const exemptUrls of ['/health', /x/, {}, null])
    expect(faultsOf({ exemptUrls })).toEqual([
      expect.stringMatching(/^exemptUrls: got .*, expected a list of patterns, each a RegExp or the source of one$/),
    ])
  expect(faultsOf({ exemptUrls: ['^/health', '(', 7] })).toEqual([
    expect.stringMatching(/^exemptUrls\[1\]: is not a regular expression.*, expected a RegExp or the source of one$/),
    expect.stringMatching(/^exemptUrls\[2\]: is neither a RegExp nor text, expected/),
  ])
  expect(resolveSettings({ exemptUrls: ['^/health', /^\/metrics/] }, {}).exemptUrls).toHaveLength(2)
})

test('a pattern of exponential growth is a fault; a slow but polynomial one is not', () => {
  expect(faultsOf({ exemptUrls: ['^/health$', '^/(x+x+)+y'] })).toEqual([
    'exemptUrls[1]: can take exponential time on a long path, expected a pattern without ambiguous repetition such as (a+)+',
  ])
  expect(faultsOf({ exemptUrls: ['a*a*b'] })).toEqual([])
})

test('redact.censor is a fixed text, a function, or either by module#export', () => {
  const path = moduleWith('censor.cjs', "exports.stars = '***'; exports.make = () => 'x'")
  const censorOf = (censor: unknown): unknown => resolveSettings({ redact: { censor } }, {}).redact.censor
  expect(censorOf('[gone]')).toBe('[gone]')
  expect(censorOf(`${path}#stars`)).toBe('***')
  expect(censorOf(`${path}#make`)).toEqual(expect.any(Function))
})

test('all faults are named at once, in one error', () => {
  const given = { enabled: 1, loggerName: 2, colour: 'red', redact: { keys: 3, query: 4 } }
  const faults = faultsOf(given, { AUDIT_LOG_CONTEXT: 'nope' })
  expect(faults.map((fault) => fault.split(':')[0])).toEqual([
    'colour',
    'AUDIT_LOG_CONTEXT',
    'enabled',
    'loggerName',
    'redact.query',
    'redact.keys',
  ])
  expect(() => resolveSettings(given, {})).toThrow(/The settings have faults: colour: .*; enabled: .*; loggerName/)
})

test('no fault shows a key, a long text or a text that could be a password', () => {
  const secret = 'hunter2-hunter2-hunter2'
  const faults = [
    ...faultsOf({ pseudonyms: { key: secret, keyId: 'k1' } }),
    ...faultsOf({ pseudonyms: secret }),
    ...faultsOf({ pseudonyms: { key: [secret], keyId: `${secret}!` } }),
    ...faultsOf({ loggerName: secret.repeat(20) }),
    ...faultsOf({ privacy: `${secret}${'x'.repeat(40)}` }),
    ...faultsOf({ [`${secret}\n`]: 1 }),
    ...faultsOf({ onError: `https://jane:${secret}@example.org/#hook` }),
    ...faultsOf({ onError: secret, userFromRequest: secret, redact: { censor: secret } }),
    ...faultsOf({}, { AUDIT_LOG_PSEUDONYMS: secret }),
    ...faultsOf({}, { AUDIT_LOG_PSEUDONYMS: `{"key":"${secret}","keyId":"k"}` }),
    ...faultsOf({}, { AUDIT_LOG_PSEUDONYMS: `{"key":"${secret}"` }),
  ]
  expect(faults.length).toBeGreaterThanOrEqual(13)
  expect(faults.join('\n')).not.toContain('hunter2')
})

test('a value that is named by module#export is used as if it had been given directly', () => {
  const path = moduleWith(
    'app.mjs',
    `export const handler = () => {}
     export const both = [{ write() {} }, handler]
     export const user = () => 'jane'
     export const notAFunction = 7`,
  )
  const resolved = resolveSettings(
    {
      logHandler: `${path}#both`,
      userFromRequest: `${path}#user`,
      logFormatter: `${path}#user`,
      onError: `${path}#handler`,
    },
    {},
  )
  expect(resolved.logHandler).toEqual([{ write: expect.any(Function) }, expect.any(Function)])
  expect(resolved.userFromRequest?.({})).toBe('jane')
  expect(resolveSettings({ logHandler: [`${path}#handler`] }, {}).logHandler).toEqual([expect.any(Function)])
  expect(faultsOf({ onError: `${path}#notAFunction` })).toEqual([
    `onError (${path}#notAFunction): got the number 7, expected a function or the text module#export`,
  ])
  expect(faultsOf({ onError: `${path}#missing` })).toEqual([
    `onError: ${path}#missing could not be loaded: the module has no export missing. Give a path or package and an export it has, as module#export.`,
  ])
})

test('settings come from the environment, each in its own way, and options win', () => {
  const path = moduleWith('env.cjs', 'exports.hook = () => {}')
  const environment = {
    AUDIT_LOG_ENABLED: 'false',
    AUDIT_LOG_LOGGER_NAME: 'from the environment',
    AUDIT_LOG_EXEMPT_URLS: '["^/health"]',
    AUDIT_LOG_LOG_HANDLER: `${path}#hook`,
    AUDIT_LOG_LOG_FORMATTER: 'python-audit-log',
    AUDIT_LOG_ON_ERROR: `${path}#hook`,
    AUDIT_LOG_TRUSTED_PROXIES: '2',
    AUDIT_LOG_REDACT: '{"keys":["bsn"]}',
    AUDIT_LOG_CLOSE_ON_SIGNALS: '["SIGUSR2"]',
    AUDIT_LOG_HOLD_TIMEOUT_MS: '250',
    AUDIT_LOG_FORWARDED_HEADER: '',
  }
  const resolved = resolveSettings({ loggerName: 'from the options' }, environment)
  expect(resolved).toMatchObject({
    enabled: false,
    loggerName: 'from the options',
    exemptUrls: [expect.any(RegExp)],
    logHandler: [expect.any(Function)],
    logFormatter: 'python-audit-log',
    onError: expect.any(Function),
    trustedProxies: 2,
    redact: { keys: ['bsn'], mode: 'extend' },
    closeOnSignals: ['SIGUSR2'],
    holdTimeoutMs: 250,
    forwardedHeader: 'x-forwarded-for',
  })
  expect(resolveSettings({ loggerName: undefined }, environment).loggerName).toBe('from the environment')
})

test('a fault of the environment names its variable; one that an option overrides is none', () => {
  expect(faultsOf({}, { AUDIT_LOG_EXEMPT_URLS: '^/health' })).toEqual([
    'AUDIT_LOG_EXEMPT_URLS: is not valid JSON, expected JSON, with text in double quotes',
  ])
  expect(faultsOf({}, { AUDIT_LOG_HOLD_TIMEOUT_MS: '"5 s"' })[0]).toMatch(/^AUDIT_LOG_HOLD_TIMEOUT_MS: got a text/)
  expect(faultsOf({}, { AUDIT_LOG_REDACT: '{"keys":"bsn"}' })).toEqual([
    'AUDIT_LOG_REDACT.keys: got a text, expected a list of names',
  ])
  expect(faultsOf({ exemptUrls: [] }, { AUDIT_LOG_EXEMPT_URLS: '^/health' })).toEqual([])
})

test('values that throw when they are looked at are faults like others', () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const throwing = {
    get loggerName(): string {
      throw new Error('no')
    },
  }
  expect(faultsOf(proxy)).toEqual(['settings: are of the wrong kind, expected a plain object'])
  expect(faultsOf({ redact: proxy })).toEqual(['redact: could not be read, expected a plain value'])
  expect(faultsOf(throwing)).toEqual(['loggerName: could not be read, expected a plain value'])
  const sparse: unknown[] = []
  sparse.length = 4_000_000_000
  expect(faultsOf({ trustedProxies: sparse })).toEqual([
    'trustedProxies: has 4000000000 items, expected at most 10,000',
  ])
})

const names = [...Object.keys(resolveSettings({}, {})), 'rules', '__proto__', 'exempt_urls']
const anyValue = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withSparseArray: true,
})
const nested = fc.dictionary(fc.constantFrom('headers', 'keys', 'mode', 'censor', 'key', 'keyId', 'fields'), anyValue)

test('whatever is given as settings, the worst that happens is SETTINGS_INVALID', () => {
  const settings = fc.oneof(
    anyValue,
    fc.dictionary(fc.constantFrom(...names), fc.oneof(anyValue, nested, fc.string(), fc.array(fc.string()))),
  )
  fc.assert(
    fc.property(settings, (given) => Array.isArray(faultsOf(given))),
    { numRuns: 2000 },
  )
})

test('whatever is in the environment, the worst that happens is SETTINGS_INVALID', () => {
  const variables = names.map((name) => `AUDIT_LOG_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`)
  const values = fc.oneof(fc.string(), fc.json(), fc.constantFrom('true', '[]', '["("]', 'x#y', '#', '{"key":1}'))
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...variables), values), (environment) =>
      Array.isArray(faultsOf({}, environment)),
    ),
    { numRuns: 1000 },
  )
})

describe('a trail', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const pem = String(privateKey.export({ format: 'pem', type: 'pkcs8' }))
  const idOf = (key: KeyObject | undefined): unknown => key?.export({ format: 'jwk' }).x
  const isKey = idOf(privateKey)

  test('has its defaults, and raises that of the guarantee', () => {
    expect(resolveSettings({ trail: { directory: 'audit' } }, {})).toMatchObject({
      guarantee: 'written',
      trail: {
        directory: resolve('audit'),
        key: undefined,
        origin: undefined,
        heartbeatMs: 600_000,
        allowNetworkFs: false,
      },
    })
    expect(resolveSettings({ trail: { directory: 'audit' }, guarantee: 'best-effort' }, {}).guarantee).toBe(
      'best-effort',
    )
  })

  test('lets there be no handler', () => {
    expect(resolveSettings({ trail: { directory: 'audit' }, logHandler: [] }, {}).logHandler).toEqual([])
  })

  test('comes from the environment, its key apart', () => {
    const environment = { AUDIT_LOG_TRAIL: '{"directory":"/var/audit","origin":"a/b"}', AUDIT_LOG_TRAIL_KEY: pem }
    const { trail } = resolveSettings({}, environment)
    expect(trail).toMatchObject({ directory: '/var/audit', origin: 'a/b' })
    expect(idOf(trail?.key)).toBe(isKey)
  })

  test.each([
    ['PEM', pem],
    ['PEM on one line', pem.replaceAll('\n', '\\n')],
    ['an object', privateKey],
  ])('takes its key as %s, and rather than that of the environment', (_what, key) => {
    const { trail } = resolveSettings({ trail: { directory: 'a', key } }, { AUDIT_LOG_TRAIL_KEY: 'another' })
    expect(idOf(trail?.key)).toBe(isKey)
  })

  test('whose key is none says so without showing it', () => {
    const faults = [
      ...faultsOf({ trail: { directory: 'a', key: `${pem.slice(0, 60)}!!` } }),
      ...faultsOf({ trail: { directory: 'a', key: publicKey } }),
      ...faultsOf({ trail: { directory: 'a' } }, { AUDIT_LOG_TRAIL_KEY: 'hunter2' }),
    ]
    const expected = 'expected an Ed25519 private key, as PKCS#8 PEM without a passphrase or as a KeyObject'
    expect(faults).toEqual([
      `trail.key: got a text, ${expected}`,
      `trail.key: got an instance of a class, ${expected}`,
      `AUDIT_LOG_TRAIL_KEY: got a text, ${expected}`,
    ])
  })

  test('that is missing is named for everything that needs it, together', () => {
    const settings = {
      guarantee: 'durable',
      logHandler: [],
      rules: [{ keep: 'full', guarantee: 'written' }],
      enabled: 1,
    }
    expect(faultsOf(settings)).toEqual([
      'enabled: got the number 1, expected true or false',
      "guarantee: durable needs a trail, expected 'best-effort', or the setting trail",
      "rules[0].guarantee: written needs a trail, expected 'best-effort', or the setting trail",
      'logHandler: got an empty list, expected at least one handler, or a trail; enabled: false makes no records at all',
    ])
    expect(faultsOf({}, { AUDIT_LOG_GUARANTEE: 'durable' })[0]).toMatch(/^AUDIT_LOG_GUARANTEE: durable needs/)
  })
})
