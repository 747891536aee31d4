import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AuditError } from '../lib/errors.ts'
import type { AuditRecord } from '../record/record.ts'
import { SealedRecord } from '../record/sealed-record.ts'
import type { Formatter } from './format.ts'
import { type FormatName, formatFrom } from './formats.ts'
import { pythonJson } from './python-json.ts'

const plain: AuditRecord = {
  id: 'r1',
  time: '2026-11-25T09:00:00.000Z',
  logger: 'audit_log',
  type: 'INFO',
  message: '',
}
const full: AuditRecord = {
  ...plain,
  duration_ms: 1.5,
  http_request: { method: 'GET', url: 'http://app.example.org/search?q=red', user_agent: null },
  http_response: {
    status_code: 404,
    reason: 'Not Found',
    headers: { 'content-type': 'application/json', 'www-authenticate': 'Basic', 'set-cookie': ['a', 'b'] },
  },
  user: { authenticated: true, provider: 'keycloak', roles: ['editor'], ip: '127.0.0.1' },
  filter: { object: 'Bicycle', fields: 'colour', terms: 'red' },
  results: [{ naam: 'café 😀' }],
  outcome: 'failure',
  message: 'Searched "bicycles"',
}

function lineOf(record: AuditRecord, choice: FormatName | Formatter = 'python-audit-log'): string {
  return formatFrom(choice, 'test', () => {})(seal(record)) ?? ''
}

function seal(record: AuditRecord): SealedRecord {
  return new SealedRecord(record.id, JSON.stringify(record))
}

test('native is the line itself', () => {
  expect(lineOf(full, 'native')).toBe(JSON.stringify(full))
})

test('python-audit-log writes the bytes that Python writes', () => {
  expect(lineOf(full)).toBe(
    '{"audit": {"http_request": {"method": "GET", "url": "http://app.example.org/search?q=red", "user_agent": "?"}, ' +
      '"http_response": {"status_code": 404, "reason": "404 NOT FOUND", "headers": {"Content-Type": "application/json", ' +
      '"Www-Authenticate": "Basic", "Set-Cookie": ["a", "b"]}}, "user": {"authenticated": true, "email": "", ' +
      '"roles": ["editor"], "ip": "127.0.0.1", "provider": {"name": "keycloak", "realm": ""}}, "filter": {"object": ' +
      '"Bicycle", "kwargs": {"fields": "colour", "terms": "red"}}, "results": [{"naam": "caf\\u00e9 \\ud83d\\ude00"}], ' +
      '"type": "INFO", "message": "Searched \\"bicycles\\""}}',
  )
})

test('python-audit-log has null for each part that is absent', () => {
  expect(lineOf(plain)).toBe(
    '{"audit": {"http_request": null, "http_response": null, "user": null, "filter": null, "results": null, ' +
      '"type": "INFO", "message": ""}}',
  )
})

test.each([
  [418, 'Short And Stout', '418 Short And Stout'],
  [413, 'Payload Too Large', '413 PAYLOAD TOO LARGE'],
  [200, 'OK', '200 OK'],
  [299, null, '299'],
  [null, null, null],
])('status %s with the phrase %s has the reason %s', (status, phrase, reason) => {
  const record = { ...plain, http_response: { status_code: status, reason: phrase, headers: {} } }
  expect(JSON.parse(lineOf(record)).audit.http_response.reason).toBe(reason)
})

test('a filter of keyword arguments keeps them as they are', () => {
  const record = { ...plain, filter: { object: 'Bicycle', kwargs: { colour: 'red', limit: 5 } } }
  expect(JSON.parse(lineOf(record)).audit.filter).toEqual(record.filter)
})

test('an empty user agent stays empty', () => {
  const record = { ...plain, http_request: { method: 'GET', url: '/', user_agent: '' } }
  expect(JSON.parse(lineOf(record)).audit.http_request.user_agent).toBe('')
})

test.each(['start', 'stop', 'recovery', 'gap', 'damage', 'heartbeat', 'intent', 'interrupted'] as const)(
  'the Python format has no place for what a trail says of itself: %s',
  (kind) => {
    const { id, time, logger } = plain
    const format = formatFrom('python-audit-log', 'test', () => {})
    expect(format(seal({ id, time, logger, kind }))).toBeUndefined()
  },
)

test('Python JSON is JSON of the same value, all in printable ASCII', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = pythonJson(value as never)
      expect(text).toMatch(/^[ -~]*$/)
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})

test.each<[string, Formatter]>([
  [
    'throws',
    () => {
      throw new TypeError('secret results')
    },
  ],
  ['gives an object', () => ({}) as unknown as string],
  ['gives an empty text', () => ''],
])('a formatter that %s gives way to the native line and is reported without contents', (_, formatter) => {
  const errors: AuditError[] = []
  const format = formatFrom(formatter, 'test', (error) => errors.push(error))
  expect(format(seal(full))).toBe(JSON.stringify(full))
  expect(errors.map((error) => error.code)).toEqual(['FORMAT_FAILED'])
  expect(errors[0]?.message).not.toContain('secret')
})

test('what a formatter gives is made one physical line', () => {
  expect(lineOf(full, () => 'a\nb\r\nc\u2028d')).not.toMatch(/[\n\r\u2028]/)
})

test('a formatter gets the record frozen', () => {
  const formatter: Formatter = (record) => String(Object.isFrozen(record.user?.roles))
  expect(lineOf(full, formatter)).toBe('true')
})
