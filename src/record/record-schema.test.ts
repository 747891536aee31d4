import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import schema from './record.schema.json' with { type: 'json' }
import type { AuditRecord, TrailKind } from './record.ts'

const valid = new Ajv().compile(schema)

const exchange: AuditRecord = {
  id: '0197aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee',
  time: '2026-11-25T09:00:00.123Z',
  duration_ms: 12.4,
  logger: 'audit_log',
  http_request: { method: 'GET', url: 'https://app.example.org/bicycles?q=red', user_agent: null },
  http_response: { status_code: 200, reason: 'OK', headers: { 'content-type': 'text/html', 'set-cookie': ['a', 'b'] } },
  user: { authenticated: true, email: 'jane@example.org', roles: ['editor'], ip: '2001:db8::1' },
  filter: { object: 'Bicycle', fields: ['colour'], terms: 'red' },
  results: [{ id: 1 }, null],
  outcome: 'success',
  type: 'INFO',
  message: 'Searched bicycles',
  error: { type: 'TypeError', message: 'no' },
  request_id: 'abc-1',
  trace_id: '0af7651916cd43dd8448eb211c80319c',
}
const { id, time, logger } = exchange
const plain: AuditRecord = { id, time, logger, type: 'INFO', message: 'Searched bicycles' }
const own = { id, time, logger }
const request = { method: 'GET', url: '/', user_agent: null }
const nobody = { authenticated: false, roles: [], ip: null }
const counters = { recorded: 1, lost: 0, refused: 0 }
const parts = {
  start: {
    in_force: { guarantee: 'written' },
    trail: '0'.repeat(64),
    follows: { origin: 'a', size: 1, root: `${'A'.repeat(43)}=` },
  },
  stop: counters,
  heartbeat: counters,
  recovery: { size: 1, torn_bytes: 2, tiles: 3, interrupted: 4, unknown_loss: { first_time: time, last_time: time } },
  interrupted: { intent: id },
  gap: { lost: 1, refused: 2, first_time: time, last_time: time, reason: 'ENOSPC' },
  damage: { file: 'segments/000000000000.ndjson', offset: 1, bytes: 2, moved: 'a' },
}

function ownRecord(kind: TrailKind, part: object): AuditRecord {
  const exchangeParts = { exchange: id, http_request: request, user: nobody }
  return { ...own, kind, [kind]: part, ...(kind === 'interrupted' ? exchangeParts : {}) }
}

describe('the schema takes', () => {
  test.each<[string, AuditRecord]>([
    ['an exchange with everything', exchange],
    [
      'an exchange that was never answered',
      {
        ...exchange,
        outcome: 'aborted',
        http_response: { status_code: null, reason: null, headers: {} },
        user: { authenticated: false, roles: [], ip: null },
      },
    ],
    ['a plain record of the logger alone', plain],
    ['a further event of an exchange', { ...plain, kind: 'event', exchange: id }],
    [
      'an amendment',
      {
        ...plain,
        kind: 'amendment',
        exchange: id,
        outcome: 'aborted',
        http_response: { status_code: null, reason: null, headers: {}, inexact: true },
      },
    ],
    ['an intent', { ...own, kind: 'intent', exchange: id, http_request: request, user: nobody }],
    ...(Object.entries(parts) as [TrailKind, object][]).map(([kind, part]): [string, AuditRecord] => [
      `a record of kind ${kind}`,
      ownRecord(kind, part),
    ]),
    ['a line of a trail', { ...plain, nonce: 'AQEBAQEBAQEBAQEBAQEBAQ' }],
    [
      'headers that were cut',
      { ...exchange, http_response: { status_code: 200, reason: 'OK', headers: { '…': '[cut: 9 bytes]' } } },
    ],
  ])('%s', (_, record) => {
    expect(valid(record), JSON.stringify(valid.errors)).toBe(true)
  })
})

describe('the schema refuses', () => {
  const { http_response: _response, ...noResponse } = exchange
  const { user: _user, ...noUser } = exchange
  test.each<[string, unknown]>([
    ['an unknown member', { ...exchange, extra: 1 }],
    [
      'an unknown member of the user',
      { ...exchange, user: { authenticated: true, roles: [], ip: null, password: 'x' } },
    ],
    ['an exchange without a response', noResponse],
    ['an exchange without a user', noUser],
    ['an event that belongs to nothing', { ...plain, kind: 'event' }],
    ['a kind that nobody knows', { ...plain, kind: 'other', exchange: id }],
    ['an id that is no UUID of version 7', { ...exchange, id: '0197aaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee' }],
    ['a local time', { ...exchange, time: '2026-11-25T09:00:00.123+01:00' }],
    [
      'headers in upper case',
      { ...exchange, http_response: { status_code: 200, reason: 'OK', headers: { Etag: 'x' } } },
    ],
    [
      'pseudo-headers',
      { ...exchange, http_response: { status_code: 200, reason: 'OK', headers: { ':status': '200' } } },
    ],
    ['roles that are no list', { ...exchange, user: { authenticated: true, roles: 'editor', ip: null } }],
    ['an address with a port', { ...exchange, user: { authenticated: true, roles: [], ip: '203.0.113.7:80' } }],
    ['a level in lower case', { ...exchange, type: 'info' }],
    ['an outcome that nobody knows', { ...exchange, outcome: 'fine' }],
    ['a record without a message', { ...own, type: 'INFO' }],
    ['a start that does not say what is in force', { ...own, kind: 'start' }],
    ['a start that is of another kind', { ...ownRecord('stop', counters), start: parts.start }],
    ['a gap with a level', { ...ownRecord('gap', parts.gap), type: 'INFO', message: '' }],
    ['an intent that belongs to nothing', { ...own, kind: 'intent', http_request: request, user: nobody }],
    ['an interruption without a request', { ...own, kind: 'interrupted', exchange: id, interrupted: { intent: id } }],
    ['a start of an exchange', { ...ownRecord('start', parts.start), exchange: id }],
    ['a nonce that is no 16 bytes', { ...plain, nonce: 'AQEBAQEBAQEBAQEBAQEBAR' }],
  ])('%s', (_, record) => {
    expect(valid(record)).toBe(false)
  })
})
