import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, test, vi } from 'vitest'
import { AuditError } from '../lib/errors.ts'
import { createReporter } from './report.ts'

const failed = (handler: string): AuditError => new AuditError('HANDLER_FAILED', { handler, reason: 'disk full' })
const noStderr = (): void => {
  throw new Error('nothing may be written where there is a hook')
}

/** A clock that stands still until it is told otherwise. */
function standingClock(): { now(): number; monotonic(): number; ms: number } {
  return { ms: 0, now: () => 0, monotonic: () => clock.ms }
}
let clock = standingClock()

afterEach(() => {
  vi.useRealTimers()
  clock = standingClock()
})

test('a hook is told of every error, at once, and standard error stays empty', () => {
  const told: AuditError[] = []
  const report = createReporter((error) => told.push(error), noStderr)
  const errors = [failed('a'), failed('b'), new AuditError('NO_EXCHANGE')]
  for (const error of errors) report(error)
  expect(told).toEqual(errors)
})

test('a hook that causes what it reports is not called again for it; the count is told with the next error', () => {
  const told: string[] = []
  const report = createReporter((error) => {
    told.push(error.message)
    report(failed('nested'))
    report(failed('nested'))
  }, noStderr)
  report(failed('first'))
  expect(told).toHaveLength(1)
  report(failed('second'))
  expect(told).toEqual([
    expect.stringContaining('first'),
    expect.stringContaining('2 errors were not told to onError'),
    expect.stringContaining('second'),
  ])
})

test('a hook that causes an error later, again and again, is called ten times a second at most', async () => {
  let calls = 0
  const report = createReporter(
    async (error) => {
      if (error.code === 'HANDLER_FAILED') calls += 1
      if (calls > 100) return
      await Promise.resolve()
      report(failed('a'))
    },
    noStderr,
    clock,
  )
  report(failed('a'))
  for (let turn = 0; turn < 1000; turn++) await Promise.resolve()
  expect(calls).toBe(10)
  clock.ms = 1000
  report(failed('a'))
  for (let turn = 0; turn < 1000; turn++) await Promise.resolve()
  expect(calls).toBe(20)
})

test('a hook that throws, rejects or gives a strange value breaks nothing', async () => {
  const hooks: readonly (() => unknown)[] = [
    () => {
      throw new Error('hook')
    },
    () => Promise.reject(new Error('hook')),
    () =>
      Object.defineProperty({}, 'then', {
        get: () => {
          throw new Error('hook')
        },
      }),
    // biome-ignore lint/suspicious/noThenProperty: a promise of another library
    () => ({ then: (_: unknown, reject: (reason: Error) => void) => reject(new Error('hook')) }),
  ]
  for (const hook of hooks) {
    const told: string[] = []
    const report = createReporter((error) => {
      told.push(error.code)
      return told.length === 1 ? hook() : undefined
    }, noStderr)
    report(failed('a'))
    await new Promise(setImmediate)
    report(failed('b'))
    expect(told).toEqual(['HANDLER_FAILED', 'REPORTS_DROPPED', 'HANDLER_FAILED'])
  }
})

test('without a hook there is one warning a second at most, and none is lost without a count', () => {
  vi.useFakeTimers()
  const warnings: string[] = []
  const report = createReporter(undefined, (line) => warnings.push(line))
  for (let i = 0; i < 5; i++) report(failed(`h${i}`))
  report(new AuditError('NO_EXCHANGE'))
  expect(warnings).toEqual([expect.stringMatching(/^griffier: HANDLER_FAILED: Handler h0 failed: disk full\..*\n$/)])
  vi.advanceTimersByTime(999)
  expect(warnings).toHaveLength(1)
  vi.advanceTimersByTime(1)
  expect(warnings).toHaveLength(2)
  expect(warnings[1]).toMatch(/Handler h4 failed: .* \(and 3 more of this code\)\n$/)
  vi.advanceTimersByTime(1000)
  expect(warnings[2]).toMatch(/^griffier: NO_EXCHANGE: /)
  vi.advanceTimersByTime(60_000)
  expect(warnings).toHaveLength(3)
  expect(vi.getTimerCount()).toBe(0)
  report(failed('later'))
  expect(warnings).toHaveLength(4)
})

test('a warning is one line, whatever the reason holds', () => {
  const warnings: string[] = []
  const report = createReporter(undefined, (line) => warnings.push(line))
  report(new AuditError('RECORD_NOT_KEPT', { reason: `a\r\n\u001b[2Jgriffier: FAKE: b\u2028${'x'.repeat(5000)}` }))
  expect(warnings[0]?.match(/[\p{Cc}\u2028\u2029]/gu)).toEqual(['\n'])
  expect(warnings[0]?.length).toBeLessThan(1_100)
})

test('a warning that cannot be written breaks nothing', () => {
  const report = createReporter(undefined, () => {
    throw new Error('EPIPE')
  })
  expect(() => report(failed('a'))).not.toThrow()
})

const child = `
  import { createReporter } from './src/audit-log/report.ts'
  import { warnOnStderr } from './src/audit-log/warn-on-stderr.ts'
  import { AuditError } from './src/lib/errors.ts'
  process.stdin.once('data', () => {
    createReporter(undefined, warnOnStderr)(new AuditError('NO_EXCHANGE'))
    setImmediate(() => process.stdout.write('alive', () => process.exit(0)))
  })
  process.stdout.write('ready')
`

test('warnings go to standard error, and a reader that has left it does not end the process', async () => {
  for (const isRead of [true, false]) {
    const app = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', child])
    let output = ''
    let warnings = ''
    app.stderr.on('data', (data) => {
      warnings += data
    })
    app.stdout.on('data', (data) => {
      output += data
      if (output !== 'ready') return
      if (!isRead) app.stderr.destroy()
      app.stdin.write('go')
    })
    const [status] = await once(app, 'close')
    expect({ status, output, warned: /^griffier: NO_EXCHANGE: /.test(warnings) }).toEqual({
      status: 0,
      output: 'readyalive',
      warned: isRead,
    })
  }
})
