import { EventEmitter } from 'node:events'
import { Writable } from 'node:stream'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { eventually } from '../../test/support/time.ts'
import type { Format } from '../formats/format.ts'
import { native } from '../formats/native.ts'
import type { AuditError } from '../lib/errors.ts'
import { SealedRecord } from '../record/sealed-record.ts'
import { functionSink } from '../sinks/function.ts'
import type { QueueLimits, Sink } from '../sinks/sink.ts'
import { writableSink } from '../sinks/writable.ts'
import { type Delivery, deliverTo } from './delivery.ts'
import type { DeliveryOptions } from './delivery-options.ts'

const errors: AuditError[] = []
const codes = () => errors.map((error) => error.code)
afterEach(() => {
  errors.length = 0
  vi.useRealTimers()
})

function deliver(sink: Sink, options: Partial<DeliveryOptions> = {}): Delivery {
  return deliverTo(sink, { format: native, report: (error) => errors.push(error), ...options })
}

function push(delivery: Delivery, first: number, count: number): boolean[] {
  return Array.from({ length: count }, (_, index) => {
    const n = first + index
    return delivery.push(new SealedRecord(`id-${n}`, JSON.stringify({ n, secret: 'hunter2' })))
  })
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

/** A sink that keeps the batches it gets; `failures` writes fail first, and nothing resolves before `open()`. */
function keepingSink({ failures = 0, shut = false, queue = {} as QueueLimits, refuse = false } = {}) {
  const batches: number[][] = []
  let left = failures
  let open = () => {}
  const gate = shut ? new Promise<void>((resolve) => (open = resolve)) : Promise.resolve()
  const sink: Sink = {
    name: 'keeping',
    queue,
    async write(records) {
      await gate
      if (left-- > 0) throw new Error('down: hunter2')
      batches.push(records.map((record) => (record as unknown as { n: number }).n))
      return refuse ? { refused: [{ id: records[0]?.id ?? '', reason: 'too odd' }] } : undefined
    },
    close: async () => {},
  }
  return { sink, batches, open: () => open() }
}

function total(delivery: Delivery): number {
  const { delivered, dropped, lost, refused, queued } = delivery.health()
  return delivered + dropped + lost + refused + queued
}

test('the records of one turn of the event loop go out as one write, in order', async () => {
  const { sink, batches } = keepingSink()
  const delivery = deliver(sink)
  push(delivery, 0, 50)
  await delivery.flush()
  push(delivery, 50, 50)
  await delivery.close(60_000)
  expect(batches.map((batch) => batch.length)).toEqual([50, 50])
  expect(batches.flat()).toEqual(upTo(100))
})

test('a write that fails is made again with the same records, in order, and told without their contents', async () => {
  const { sink, batches } = keepingSink({ failures: 2 })
  const delivery = deliver(sink)
  push(delivery, 0, 10)
  await turn()
  push(delivery, 10, 10)
  await delivery.flush()
  expect(batches.flat()).toEqual(upTo(20))
  expect(codes()).toEqual(['HANDLER_FAILED'])
  expect(errors[0]?.message).not.toContain('hunter2')
  expect(errors[0]?.cause).toBeInstanceOf(Error)
  expect(delivery.health()).toMatchObject({ delivered: 20, failing: false, lastError: 'HANDLER_FAILED' })
})

test('a failing handler is asked less and less often, is reported once a second, and gets everything in the end', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  vi.spyOn(Math, 'random').mockReturnValue(1)
  const { sink, batches } = keepingSink({ failures: 12 })
  const write = vi.spyOn(sink, 'write')
  const delivery = deliver(sink)
  push(delivery, 0, 10)
  await turn()
  await vi.advanceTimersByTimeAsync(100 + 200 + 400 + 800)
  expect(write).toHaveBeenCalledTimes(5)
  expect(codes().length).toBeLessThanOrEqual(2)
  await vi.advanceTimersByTimeAsync(300_000)
  expect(batches.flat()).toEqual(upTo(10))
  vi.restoreAllMocks()
})

test('flush does not wait for the back-off', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(100_000)
  const { sink, batches } = keepingSink({ failures: 1 })
  const delivery = deliver(sink)
  push(delivery, 0, 1)
  await eventually(() => expect(delivery.health().failing).toBe(true))
  await delivery.flush()
  expect(batches).toEqual([[0]])
  vi.restoreAllMocks()
})

test('flush waits for what was pushed before, whatever is dropped meanwhile', async () => {
  const { sink, open } = keepingSink({ shut: true, queue: { maxQueuedRecords: 10 } })
  const delivery = deliver(sink)
  push(delivery, 0, 10)
  let flushed = false
  const flush = delivery.flush().then(() => {
    flushed = true
  })
  push(delivery, 10, 100)
  await turn()
  expect(flushed).toBe(false)
  open()
  await flush
  expect(delivery.health()).toMatchObject({ delivered: 10, dropped: 100 })
})

test.each([
  ['drop-newest', upTo(100)],
  ['drop-oldest', upTo(1_000).slice(900)],
] as const)(
  'a full queue under %s keeps what it says, counts the others and reports them together',
  async (overflow, kept) => {
    const { sink, batches, open } = keepingSink({ shut: true, queue: { maxQueuedRecords: 100, overflow } })
    const delivery = deliver(sink)
    const answers = push(delivery, 0, 1_000)
    expect(answers.filter((taken) => !taken)).toHaveLength(overflow === 'drop-newest' ? 900 : 0)
    expect(delivery.health().queued).toBe(100)
    open()
    await delivery.close(60_000)
    expect(batches.flat()).toEqual(kept)
    expect(delivery.health()).toMatchObject({ delivered: 100, dropped: 900, queued: 0 })
    expect(codes()).toEqual(['QUEUE_FULL', 'QUEUE_FULL'])
    const counts = errors.map((error) => Number(/(\d+) records/.exec(error.message)?.[1]))
    expect(counts[0]! + counts[1]!).toBe(900)
  },
)

test('a queue is bounded in bytes as well', () => {
  const { sink } = keepingSink({ shut: true, queue: { maxQueuedBytes: 1_000 } })
  const delivery = deliver(sink)
  const line = 'x'.repeat(300)
  expect([1, 2, 3, 4].map((n) => delivery.push(new SealedRecord(`${n}`, line)))).toEqual([true, true, true, false])
})

test('a handler that never answers holds no more than its queue, and what it held counts as lost', async () => {
  const { sink } = keepingSink({ shut: true })
  const delivery = deliver(sink)
  for (let n = 0; n < 100; n++) {
    push(delivery, n * 1_000, 1_000)
    await turn()
  }
  expect(delivery.health().queued).toBe(10_000)
  await delivery.close(10)
  expect(delivery.health()).toMatchObject({ queued: 0, lost: 10_000, dropped: 90_000, delivered: 0 })
  expect(codes()).toContain('CLOSE_TIMED_OUT')
})

test('an answer that comes after its records were given up changes no count', async () => {
  const { sink, open } = keepingSink({ shut: true, failures: 1 })
  const delivery = deliver(sink)
  push(delivery, 0, 10)
  await turn()
  await delivery.close(0)
  const health = delivery.health()
  open()
  await turn()
  expect(delivery.health()).toEqual(health)
  expect(health).toMatchObject({ lost: 10, lastError: 'CLOSE_TIMED_OUT' })
})

test('a write that takes too long is reported and its signal aborted', async () => {
  let reason: unknown
  const sink: Sink = {
    name: 'slow',
    write: (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason
          reject(signal.reason)
        })
      }),
    close: async () => {},
  }
  const delivery = deliver(sink, { writeLimitMs: 10 })
  push(delivery, 0, 1)
  await eventually(() => expect(codes()).toContain('HANDLER_TIMED_OUT'))
  expect(reason).toMatchObject({ code: 'HANDLER_TIMED_OUT' })
  await delivery.close(0)
})

test('records that the destination refuses are counted and reported', async () => {
  const { sink } = keepingSink({ refuse: true })
  const delivery = deliver(sink)
  push(delivery, 0, 5)
  await delivery.close(60_000)
  expect(delivery.health()).toMatchObject({ delivered: 4, refused: 1 })
  expect(codes()).toEqual(['RECORDS_REFUSED'])
})

test('close delivers what is queued, joins a close under way, and what comes later is dropped', async () => {
  const { sink, batches } = keepingSink()
  const closed = vi.spyOn(sink, 'close')
  const delivery = deliver(sink)
  push(delivery, 0, 10)
  await Promise.all([delivery.close(60_000), delivery.close(60_000)])
  expect(batches.flat()).toEqual(upTo(10))
  expect(closed).toHaveBeenCalledTimes(1)
  expect(push(delivery, 10, 1)).toEqual([false])
  expect(total(delivery)).toBe(11)
})

test('a sink whose close never ends does not hold up close for ever', async () => {
  const { sink } = keepingSink()
  const delivery = deliver({ ...sink, close: () => new Promise(() => {}) })
  await delivery.close(0)
})

describe('handlers side by side', () => {
  test('one that works gets everything whatever the others do', async () => {
    const lines: string[] = []
    const ok = deliver(functionSink((line) => lines.push(line), { name: 'ok' }))
    const throws = deliver(
      functionSink(
        () => {
          throw new Error('hunter2')
        },
        { name: 'throws' },
      ),
    )
    const rejects = deliver(functionSink(() => Promise.reject(new Error('hunter2')), { name: 'rejects' }))
    const stuck = deliver(functionSink(() => new Promise(() => {}), { name: 'stuck' }))
    const all = [throws, rejects, stuck, ok]
    for (let n = 0; n < 100; n++) {
      for (const delivery of all) push(delivery, n, 1)
      await turn()
    }
    await Promise.all(all.map((delivery) => delivery.close(1_000)))
    expect(lines.map((line) => JSON.parse(line).n)).toEqual(upTo(100))
    expect(lines.every((line) => line.endsWith('\n'))).toBe(true)
    expect(throws.health()).toMatchObject({ lost: 100, delivered: 0 })
    expect(rejects.health()).toMatchObject({ lost: 100, delivered: 0 })
    expect(stuck.health()).toMatchObject({ lost: 100, delivered: 0, lastError: 'CLOSE_TIMED_OUT' })
    for (const name of ['throws', 'rejects', 'stuck']) {
      expect(errors.some((error) => error.message.includes(`andler ${name}`))).toBe(true)
    }
    expect(errors.map((error) => error.message).join()).not.toContain('hunter2')
  })
})

describe('something with write(line)', () => {
  test("that gives false is not written to before its 'drain'", async () => {
    const lines: string[] = []
    const target = Object.assign(new EventEmitter(), { write: (line: string) => lines.push(line) % 2 !== 0 })
    const delivery = deliver(writableSink(target))
    push(delivery, 0, 5)
    await turn()
    expect(lines).toHaveLength(2)
    await turn()
    expect(lines).toHaveLength(2)
    target.emit('drain')
    await eventually(() => expect(lines).toHaveLength(4))
    target.emit('drain')
    await delivery.close(60_000)
    expect(lines.map((line) => JSON.parse(line).n)).toEqual(upTo(5))
    expect(target.eventNames()).toEqual([])
  })

  test('that breaks ends nothing, is reported, and its records count as lost', async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('broken: hunter2')) })
    const delivery = deliver(writableSink(stream, { name: 'stream' }))
    push(delivery, 0, 5)
    await delivery.flush()
    push(delivery, 5, 5)
    await delivery.close(60_000)
    expect(delivery.health()).toMatchObject({ lost: 10, delivered: 0, queued: 0, lastError: 'HANDLER_FAILED' })
    expect(stream.listenerCount('drain')).toBe(0)
  })

  test('is neither ended nor closed, and is flushed', async () => {
    const calls: string[] = []
    const target = { write: () => calls.push('write'), end: () => calls.push('end'), flush: () => calls.push('flush') }
    const delivery = deliver(writableSink(target))
    push(delivery, 0, 1)
    await delivery.close(60_000)
    expect(calls).toEqual(['write', 'flush'])
  })
})

test('at exit a function is called for what it had not been called for, once each', async () => {
  const seen: number[] = []
  const delivery = deliver(
    functionSink(async (line) => {
      seen.push(JSON.parse(line).n)
      await new Promise(() => {})
    }),
  )
  push(delivery, 0, 5)
  await turn()
  push(delivery, 5, 5)
  delivery.drainSync()
  expect(seen).toEqual(upTo(10))
  expect(total(delivery)).toBe(10)
})

describe('a format that has no place for some records', () => {
  const odd: Format = ({ line }) => (JSON.parse(line).n % 2 === 1 ? line : undefined)

  /** A sink of lines that takes so many of a batch in its first write. */
  function lineSink(takes: number): { sink: Sink; lines: number[] } {
    const lines: number[] = []
    let left = takes
    const take = (given: readonly string[], records: readonly SealedRecord[]) => {
      expect(records.map(({ line }) => line)).toEqual(given)
      const taken = Math.min(left, given.length)
      left = Number.POSITIVE_INFINITY
      lines.push(...given.slice(0, taken).map((line) => JSON.parse(line).n))
      return taken < given.length ? { taken } : undefined
    }
    const sink: Sink = {
      name: 'lines',
      write: async () => {},
      writeLines: (given, _signal, records) => take(given, records),
      writeLinesSync: take,
      close: async () => {},
    }
    return { sink, lines }
  }

  test.each([0, 1, 3])('passes over them, also where %i lines are taken at first', async (takes) => {
    const { sink, lines } = lineSink(takes)
    const delivery = deliver(sink, { format: odd })
    push(delivery, 0, 9)
    await delivery.flush()
    expect(lines).toEqual([1, 3, 5, 7])
    expect(delivery.health()).toMatchObject({ queued: 0, delivered: 9, dropped: 0, lost: 0 })
  })

  test('passes over them at the end of the process, and never writes nothing', () => {
    const { sink, lines } = lineSink(9)
    const delivery = deliver(sink, { format: odd })
    push(delivery, 0, 1)
    delivery.drainSync()
    push(delivery, 1, 2)
    delivery.drainSync()
    expect(lines).toEqual([1])
    expect(delivery.health()).toMatchObject({ queued: 0, delivered: 3 })
  })
})
