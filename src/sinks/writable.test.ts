import { once } from 'node:events'
import fs from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { temporaryDirectory } from '../../test/support/temporary.ts'
import { writableSink } from './writable.ts'

afterEach(() => vi.restoreAllMocks())

/** Every `fs.write` of pino's destinations waits for its turn, as on a disk that is busy. */
function holdWrites() {
  const held: (() => void)[] = []
  const write = fs.write.bind(fs)
  vi.spyOn(fs, 'write').mockImplementation(((...call: Parameters<typeof write>) => {
    held.push(() => write(...call))
  }) as typeof fs.write)
  return { goOn: () => held.splice(0).forEach((go) => void go()), held }
}

async function destination(minLength: number) {
  const path = join(temporaryDirectory(), 'audit.ndjson')
  const target = pino.destination({ dest: path, sync: false, minLength })
  await once(target, 'ready')
  return { path, target, sink: writableSink(target) }
}

const { signal } = new AbortController()

test('a pino destination that is closed meanwhile ends a flush', async () => {
  const { target, sink } = await destination(0)
  const { goOn } = holdWrites()
  await sink.writeLines?.(['{"id":"1"}'], signal, [])
  const flushed = sink.flush?.()
  target.destroy()
  await flushed
  goOn()
})

describe('a pino destination on a slow disk', () => {
  test('is flushed when its line is in the file, though it keeps nothing back', async () => {
    const { path, target, sink } = await destination(0)
    const { held, goOn } = holdWrites()
    await sink.writeLines?.(['{"id":"1"}'], signal, [])
    let isFlushed = false
    const flushed = sink.flush?.().then(() => {
      isFlushed = true
    })
    await new Promise(setImmediate)
    expect(held).toHaveLength(1)
    expect(isFlushed).toBe(false)

    goOn()
    await flushed
    expect(fs.readFileSync(path, 'utf8')).toBe('{"id":"1"}\n')
    await sink.flush?.()
    target.end()
  })

  test('is flushed when what came during a write is in the file too', async () => {
    const { path, target, sink } = await destination(16)
    const { held, goOn } = holdWrites()
    const long = `{"id":"${'1'.repeat(16)}"}`
    await sink.writeLines?.([long], signal, [])
    await sink.writeLines?.(['{"id":"2"}'], signal, [])
    const flushed = sink.flush?.()
    goOn()
    await vi.waitUntil(() => held.length > 0)
    goOn()
    await flushed
    expect(fs.readFileSync(path, 'utf8')).toBe(`${long}\n{"id":"2"}\n`)
    target.end()
  })

  test('ends a flush when the disk refuses the line', async () => {
    const { target, sink } = await destination(0)
    vi.spyOn(fs, 'write').mockImplementation(((...call: unknown[]) => {
      const done = call.at(-1) as (error: Error) => void
      setImmediate(done, Object.assign(new Error('no space left'), { code: 'ENOSPC' }))
    }) as typeof fs.write)
    await sink.writeLines?.(['{"id":"1"}'], signal, [])
    await expect(sink.flush?.()).rejects.toThrow('no space left')
    target.destroy()
  })
})
