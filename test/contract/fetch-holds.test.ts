import { Hono } from 'hono'
import { describe, expect, onTestFinished, test } from 'vitest'
import { honoAudit } from '../../src/adapters/hono.ts'
import type { Settings } from '../../src/audit-log/settings.ts'
import { aWhile, PATIENCE_MS } from '../support/time.ts'
import { type Commit, createCommit } from './adapter/commit.ts'
import { openAudit } from './adapter/harness.ts'

const quiet: Settings = { onError: () => undefined }

/** An app of Hono's whose `fetch` is called as any server calls it, and which answers with what `answer` makes. */
function open(commit: Commit, settings: Settings, answer: () => Response) {
  const { audit, sink } = openAudit({ ...quiet, ...settings }, { trail: commit.trail })
  onTestFinished(() => audit.close())
  let handled = 0
  const app = new Hono()
  app.use(honoAudit(audit))
  app.all('/x', () => {
    handled += 1
    return answer()
  })
  const ask = (init: RequestInit = {}): Promise<Response> =>
    Promise.resolve(app.fetch(new Request('http://app.test/x', init)))
  return { audit, sink, ask, handled: () => handled }
}

/** A body of two parts, of the length that is declared where one is. */
function inParts(declared?: number): Response {
  const parts = ['half ', 'half'].map((part) => new TextEncoder().encode(part))
  const body = new ReadableStream({
    pull(controller) {
      const part = parts.shift()
      if (part === undefined) controller.close()
      else controller.enqueue(part)
    },
  })
  return new Response(body, declared === undefined ? {} : { headers: { 'content-length': String(declared) } })
}

/** What is read of a body so far. */
function reading(response: Response): { text: string; isDone: boolean; readonly ended: Promise<void> } {
  const seen = { text: '', isDone: false, ended: Promise.resolve() }
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const read = async (): Promise<void> => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      seen.text += new TextDecoder().decode(value)
    }
    seen.isDone = true
  }
  seen.ended = read()
  seen.ended.catch(() => undefined)
  return seen
}

describe.each(['written', 'durable', 'recorded-first'] as const)('a Response under %s', (guarantee) => {
  const begin = (settings: Settings, answer: () => Response) => {
    const commit = createCommit()
    commit.releaseIntents()
    return { commit, ...open(commit, { guarantee, ...settings }, answer) }
  }
  const count = guarantee === 'recorded-first' ? 2 : 1

  test('without a body waits whole for its record', async () => {
    const { ask, commit, audit } = begin({}, () => new Response(null, { status: 204 }))
    const answered = ask()
    await commit.asked(count)
    if (guarantee !== 'written') commit.releaseWritten()
    expect(await Promise.race([answered, aWhile()])).toBeUndefined()
    expect(audit.health().held).toBe(1)
    commit.release()
    expect((await answered).status).toBe(204)
    expect(audit.health().held).toBe(0)
  })

  test.each([
    ['the end of a body whose length nobody knows', undefined, 'half half'],
    ['the last part of a body whose length is declared', 9, 'half '],
  ])('keeps back %s', async (_what, declared, early) => {
    const { ask, commit } = begin({}, () => inParts(declared))
    const seen = reading(await ask())
    await commit.asked(count)
    if (guarantee !== 'written') commit.releaseWritten()
    await aWhile()
    expect(seen).toMatchObject({ text: early, isDone: false })
    commit.release()
    await seen.ended
    expect(seen).toMatchObject({ text: 'half half', isDone: true })
    expect(commit.exchanges()).toMatchObject([{ outcome: 'success', http_response: { status_code: 200 } }])
  })

  test.each([
    ['open', 200, { lost: 1, refused: 0 }],
    ['closed', 503, { lost: 0, refused: 1 }],
  ] as const)('whose record is not kept does as %s says', async (onFailure, status, counters) => {
    const { ask, commit, audit } = begin({ onFailure }, () => new Response(null))
    const answered = ask()
    await commit.asked(count)
    commit.fail()
    const { headers, ...response } = await answered.then((given) => ({ headers: given.headers, status: given.status }))
    expect(response.status).toBe(status)
    if (status === 503) expect(headers.get('content-type')).toBe('application/problem+json')
    expect(audit.health()).toMatchObject({ held: 0, counters })
    expect(commit.missed).toHaveLength(1)
  })

  test('of which parts went out breaks off under closed, and an amendment says so', async () => {
    const { ask, commit, audit } = begin({ onFailure: 'closed' }, () => inParts())
    const seen = reading(await ask())
    await commit.asked(count)
    commit.fail()
    await expect(seen.ended).rejects.toThrow()
    await commit.asked(count + 1)
    expect(commit.amendments()).toMatchObject([{ outcome: 'failure', exchange: commit.exchanges()[0]?.id }])
    expect(audit.health().counters).toMatchObject({ lost: 0, refused: 1 })
  })
})

describe('a Request that is recorded first', () => {
  const begin = (settings: Settings = {}) => {
    const commit = createCommit()
    return { commit, ...open(commit, { guarantee: 'recorded-first', ...settings }, () => new Response('hello')) }
  }

  test('is handled when its intent is kept', async () => {
    const { ask, commit, sink, handled } = begin()
    const answered = ask()
    await commit.asked()
    await aWhile()
    expect(handled()).toBe(0)
    commit.release()
    expect(await (await answered).text()).toBe('hello')
    const [intent, record] = await sink.waitFor(2, PATIENCE_MS)
    expect(intent).toMatchObject({ kind: 'intent', exchange: record?.id })
  })

  test('is refused under closed without being handled', async () => {
    const { ask, commit, audit, handled } = begin({ onFailure: 'closed' })
    const answered = ask()
    await commit.asked()
    commit.fail()
    const response = await answered
    expect([response.status, handled()]).toEqual([503, 0])
    expect(await response.text()).toContain('Service Unavailable')
    expect(commit.exchanges()).toMatchObject([{ outcome: 'failure', http_response: { status_code: 503 } }])
    expect(audit.health().counters).toMatchObject({ lost: 0, refused: 1 })
  })

  test('is not handled where its client has left meanwhile', async () => {
    const { ask, commit, handled } = begin()
    const leaving = new AbortController()
    const answered = ask({ signal: leaving.signal })
    await commit.asked()
    leaving.abort()
    commit.release()
    await answered
    expect(handled()).toBe(0)
    expect(commit.exchanges()).toMatchObject([{ outcome: 'aborted', http_response: { status_code: null } }])
  })
})
