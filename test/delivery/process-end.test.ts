import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { linesOf, temporaryDirectory } from '../support/temporary.ts'
import { childModule, endOf, runOnPipe, start, startOnPipe, textOf } from './run.ts'

const numbers = (lines: string[]) => lines.map((line) => JSON.parse(line).n as number)
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

const endings: [string, string, { code: number | null; signal: string | null }][] = [
  ['ends by itself', '', { code: 0, signal: null }],
  ['calls process.exit', 'process.exit(3)', { code: 3, signal: null }],
  ['dies of an uncaught exception', 'throw new Error("boom")', { code: 1, signal: null }],
  ['dies of an unhandled rejection', 'void Promise.reject(new Error("boom"))', { code: 1, signal: null }],
  [
    'is terminated',
    'setInterval(() => {}, 1000); process.kill(process.pid, "SIGTERM")',
    { code: null, signal: 'SIGTERM' },
  ],
  [
    'is interrupted',
    'setInterval(() => {}, 1000); process.kill(process.pid, "SIGINT")',
    { code: null, signal: 'SIGINT' },
  ],
]

describe.each(endings)('a process that has just written 1000 records and %s', (_, code, end) => {
  test('leaves them all in the file', async () => {
    const path = join(temporaryDirectory(), 'audit.log')
    const child = start(`const log = open(path); pushRecords(log, 0, 1000); ${code}`, path)
    expect(await endOf(child)).toEqual(end)
    expect(numbers(linesOf(path))).toEqual(upTo(1000))
  })

  test('leaves them all on stdout', async () => {
    const { text, end: ended } = await runOnPipe(`const log = open(path); pushRecords(log, 0, 1000); ${code}`)
    expect(ended).toEqual(end)
    expect(numbers(text.split('\n').slice(0, -1))).toEqual(upTo(1000))
  })
})

test('a signal that somebody else listens for as well does not end the process', async () => {
  const path = join(temporaryDirectory(), 'audit.log')
  const code = `const log = open(path); pushRecords(log, 0, 10)
    process.on('SIGTERM', () => setTimeout(() => process.exit(7), 50)); setInterval(() => {}, 1000)
    process.kill(process.pid, 'SIGTERM')`
  expect(await endOf(start(code, path))).toEqual({ code: 7, signal: null })
  expect(numbers(linesOf(path))).toEqual(upTo(10))
})

test('a handler that is down holds a process up no longer than the limit, and it ends', async () => {
  const code = `const sink = { name: 'down', write: () => Promise.reject(new Error('down')), close: async () => {} }
    const log = child.deliverTo(sink, { format: (record) => record.line, report: () => {} })
    child.drainAtExit(log, 200); pushRecords(log, 0, 10)`
  expect(await endOf(start(code, ''))).toEqual({ code: 0, signal: null })
})

test('closing in time and then calling process.exit leaves everything on a pipe', async () => {
  const code = 'const log = open(path); pushRecords(log, 0, 5000); await log.close(60_000); process.exit(0)'
  const text = await textOf(startOnPipe(code).stdout)
  expect(numbers(text.split('\n').slice(0, -1))).toEqual(upTo(5000))
})

test('a worker thread that exits right after its records leaves them all', async () => {
  const path = join(temporaryDirectory(), 'audit.log')
  const worker = `import { Worker } from 'node:worker_threads'
    const code = \`import(\${JSON.stringify(${JSON.stringify(childModule)})}).then(({ open, pushRecords }) => {
      const log = open(\${JSON.stringify(path)}); pushRecords(log, 0, 10); process.exit(0)
    })\`
    new Worker(code, { eval: true })`
  expect(await endOf(start(worker, path))).toEqual({ code: 0, signal: null })
  expect(numbers(linesOf(path))).toEqual(upTo(10))
})
