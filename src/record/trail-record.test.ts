import { expect, test } from 'vitest'
import { sealTrailRecord } from './trail-record.ts'

const parts = { id: '019ab000-0000-7000-8000-000000000001', time: 1_764_061_200_000, logger: '"audit_log"' }

test('a start says what is in force, in a member of its own', () => {
  const body = { in_force: { guarantee: 'written' }, trail: 'ab'.repeat(32) }
  expect(sealTrailRecord({ ...parts, kind: 'start', body }).line).toBe(
    `{"id":"${parts.id}","time":"2025-11-25T09:00:00.000Z","logger":"audit_log","kind":"start",` +
      `"start":{"in_force":{"guarantee":"written"},"trail":"${'ab'.repeat(32)}"}}`,
  )
})

test('an intent holds the request and where it came from', () => {
  const sealed = sealTrailRecord({
    ...parts,
    kind: 'intent',
    exchange: '019ab000-0000-7000-8000-000000000002',
    request: '{"method":"GET","url":"/","user_agent":null}',
    user: '{"authenticated":false,"roles":[],"ip":null}',
  })
  expect(Object.keys(sealed.record)).toEqual(['id', 'time', 'logger', 'kind', 'exchange', 'http_request', 'user'])
})

test('a reason that is too long for a record is cut, so that the nonce finds room', () => {
  const [first_time, last_time] = ['2026-11-25T09:00:00.000Z', '2026-11-25T09:00:01.000Z']
  const body = { lost: 1, refused: 0, first_time, last_time, reason: 'é'.repeat(60_000) }
  const { line, record } = sealTrailRecord({ ...parts, kind: 'gap', body })
  expect(Buffer.byteLength(line)).toBeLessThanOrEqual(65_502)
  expect(record.gap).toMatchObject({ lost: 1, refused: 0, first_time, last_time })
  expect(record.gap?.reason).toContain('[cut: ')
})
