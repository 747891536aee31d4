import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { VerifyError } from '../../src/verify/verdict.ts'
import { verifyTrail } from '../../src/verify/verify-trail.ts'
import { directoryOf, key, verify } from './scratch.ts'
import { type Contents, contentsOf, filesOf, lineOf, segmentFiles } from './trail-builder.ts'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

describe('every bit of a trail', () => {
  const files = filesOf(contentsOf(2))

  it.each([...files.keys()])('%s: shows when it is flipped', { timeout: 600_000 }, async (path) => {
    const directory = directoryOf(files)
    const bytes = files.get(path) ?? Buffer.alloc(0)
    const unseen: number[] = []
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      writeFileSync(join(directory, path), flipped)
      const { verdict } = await verifyTrail(directory, { keys: [key], looks: 1 })
      if (verdict !== 'failed') unseen.push(bit)
    }
    expect(bytes.length).toBeGreaterThan(0)
    expect(unseen).toEqual([])
  })
})

const record = {
  duration_ms: 1.5,
  http_request: { method: 'GET', url: 'https://app.example.org/?a=1', user_agent: null },
  http_response: { status_code: 200, reason: 'OK', headers: { vary: 'cookie', 'set-cookie': ['a', 'b'] } },
  user: { authenticated: true, id: '1', email: 'jané@example.org', roles: ['editor'], ip: '203.0.113.7' },
  filter: { terms: 'red', fields: [1, 2.5, true, null] },
  results: [{ id: 1, nested: { deep: [{ deeper: '1' }] } }],
  outcome: 'success',
  type: 'INFO',
  message: 'List Bicycle',
}

const retyped = (value: Json): Json => {
  if (typeof value === 'string') return Number.isFinite(Number(value)) ? Number(value) : [value]
  return typeof value === 'object' ? String(value) : `${value}`
}

/** Each place of a value, changed, gone, with a neighbour, and of another type. */
function* changesOf(value: Json, at = ''): Generator<{ what: string; value: Json | undefined }> {
  yield { what: `${at} changed`, value: typeof value === 'number' ? value + 1 : `${JSON.stringify(value)}?` }
  yield { what: `${at} gone`, value: undefined }
  yield { what: `${at} of another type`, value: retyped(value) }
  if (typeof value !== 'object' || value === null) return
  const entries = Object.entries(value)
  const withEntry = (name: string, inner: Json | undefined): Json => {
    if (!Array.isArray(value))
      return Object.fromEntries(
        [...entries.filter(([key]) => key !== name), [name, inner]].filter(([, one]) => one !== undefined),
      ) as Json
    return value.flatMap((one, index) => (String(index) === name ? (inner === undefined ? [] : [inner]) : [one]))
  }
  yield { what: `${at} with one more`, value: Array.isArray(value) ? [...value, null] : { ...value, more: null } }
  if (entries.length > 1)
    yield {
      what: `${at} in another order`,
      value: Array.isArray(value) ? [...value].reverse() : Object.fromEntries(entries.reverse()),
    }
  for (const [name, inner] of entries) {
    for (const change of changesOf(inner, `${at}.${name}`)) {
      yield { what: change.what, value: withEntry(name, change.value) }
    }
  }
}

describe('every field of a record', () => {
  const contents = contentsOf(3)
  const withRecord = (line: string): Contents => ({ ...contents, lines: contents.lines.with(1, line) })
  const original = lineOf(1, record)
  const signed = filesOf(withRecord(original))
  const changes = [...changesOf(JSON.parse(original) as Json)]
    .map(({ what, value }) => ({ what, line: JSON.stringify(value) ?? '' }))
    .filter(({ line }) => line !== original)

  it('is one of many', () => expect(changes.length).toBeGreaterThan(100))

  it.each(changes)('shows: $what', async ({ line }) => {
    const verdict = await verify(new Map([...signed, ...segmentFiles(withRecord(line))]))
    expect(verdict).toMatchObject({ verdict: 'failed', faults: [{ code: 'LINE_DIFFERS', leaf: 1, leaves: 1 }] })
  })
})

describe('what is no trail', () => {
  it.each([
    ['is missing', () => join(directoryOf(), 'missing')],
    ['is empty', () => directoryOf()],
    ['holds something else', () => directoryOf(new Map([['notes.txt', Buffer.from('x')]]))],
    ['is a file', () => join(directoryOf(new Map([['checkpoint', Buffer.from('x')]])), 'checkpoint')],
  ])('is an error, never a verdict: it %s', async (_name, make) => {
    const verdict = verifyTrail(make(), { keys: [key] })
    await expect(verdict).rejects.toThrow(VerifyError)
    await expect(verdict).rejects.toMatchObject({ code: 'NOTHING_TO_READ' })
  })

  it.each(['', 'x', key.slice(0, -1), key.replace('c', 'd'), `${key} `, `${key}\n`])(
    'is an error: the key %j',
    async (bad) => {
      await expect(verify(filesOf(contentsOf(1)), { keys: [bad] })).rejects.toMatchObject({ code: 'WRONG_USE' })
    },
  )
})
