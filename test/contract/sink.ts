import { describe, expect, onTestFinished, test } from 'vitest'
import type { AuditRecord } from '../../src/record/record.ts'
import type { Sink } from '../../src/sinks/sink.ts'

/** A sink and the means to see what reached its destination. */
export interface SinkUnderTest {
  readonly sink: Sink
  /** What the destination has, read as records. */
  received(): Promise<readonly AuditRecord[]>
  cleanUp?(): Promise<void> | void
}

/** A sink whose destination fails until it is healed. */
export interface FailingSink extends SinkUnderTest {
  heal(): void
}

/** What every sink keeps to. `makeFailing` is left out for a sink that cannot fail. */
export function sinkContract(
  name: string,
  make: () => Promise<SinkUnderTest>,
  makeFailing?: () => Promise<FailingSink>,
): void {
  async function start<Made extends SinkUnderTest>(maker: () => Promise<Made>): Promise<Made> {
    const made = await maker()
    onTestFinished(async () => {
      await made.sink.close().catch(() => {})
      await made.cleanUp?.()
    })
    return made
  }
  const signal = () => new AbortController().signal

  describe(`${name} keeps to the contract of sinks:`, () => {
    test('records arrive whole and in order', async () => {
      const { sink, received } = await start(make)
      await sink.write(records(0, 3), signal())
      await sink.write(records(3, 3), signal())
      await sink.close()
      expect(await received()).toEqual(records(0, 6))
    })

    test('an empty batch is nothing', async () => {
      const { sink, received } = await start(make)
      await sink.write([], signal())
      await sink.close()
      expect(await received()).toEqual([])
    })

    test('a large record and one of any script arrive as they were', async () => {
      const { sink, received } = await start(make)
      const given = [record(1, 'é😀\u2028漢\u007f"\\\n\t'), record(2, '😀'.repeat(15_000)), record(3, 'after')]
      await sink.write(given, signal())
      await sink.close()
      expect(await received()).toEqual(given)
    })

    test('records may be frozen and stay as they are', async () => {
      const { sink } = await start(make)
      const given = Object.freeze(records(0, 2).map((each) => Object.freeze(each)))
      const before = JSON.stringify(given)
      await sink.write(given, signal())
      expect(JSON.stringify(given)).toBe(before)
    })

    test('writes that are made at once keep their order', async () => {
      const { sink, received } = await start(make)
      await Promise.all(Array.from({ length: 20 }, (_, index) => sink.write([record(index)], signal())))
      await sink.close()
      expect(await received()).toEqual(records(0, 20))
    })

    test('a write whose signal is aborted rejects', async () => {
      const { sink } = await start(make)
      await expect(sink.write(records(0, 1), AbortSignal.abort())).rejects.toThrow()
    })

    test('close waits for what is under way, is quiet the second time, and a later write rejects', async () => {
      const { sink, received } = await start(make)
      const written = sink.write(records(0, 5), signal())
      await Promise.all([sink.close(), sink.close()])
      await written
      await sink.close()
      expect(await received()).toEqual(records(0, 5))
      await expect(sink.write(records(5, 1), signal())).rejects.toMatchObject({ code: 'RECORD_AFTER_CLOSE' })
    })

    test.runIf(makeFailing)('a failure rejects with a code and its cause, and the next write works', async () => {
      const { sink, received, heal } = await start(makeFailing as () => Promise<FailingSink>)
      const failure = await Promise.resolve(sink.write(records(0, 1), signal())).then(
        () => undefined,
        (error: unknown) => error as Error & { code: string },
      )
      expect(failure).toMatchObject({ name: 'AuditError', code: expect.stringMatching(/^[A-Z_]+$/) })
      expect(failure?.cause).toBeInstanceOf(Error)
      expect(failure?.message).not.toContain('message of')
      heal()
      await sink.write(records(1, 1), signal())
      await sink.close()
      expect(await received()).toEqual(records(1, 1))
    })
  })
}

/** `count` records, numbered from `first`. */
function records(first: number, count: number): AuditRecord[] {
  return Array.from({ length: count }, (_, index) => record(first + index))
}

/** One record, told from others by its number. */
function record(number: number, message: string = `message of ${number}`): AuditRecord {
  return { id: `id-${number}`, time: '2026-11-25T09:00:00.000Z', logger: 'audit_log', type: 'INFO', message }
}
