import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { endOf, start } from '../../test/delivery/run.ts'
import { filesLike, linesOf, temporaryDirectory } from '../../test/support/temporary.ts'
import { AuditError } from '../lib/errors.ts'
import { type FileSinkOptions, fileSink, fileSinkIn } from './file.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'
import type { LineAnswer, Sink } from './sink.ts'

const { signal } = new AbortController()
const numbered = (first: number, count: number) => Array.from({ length: count }, (_, index) => `{"n":${first + index}}`)

function opened(
  path: string,
  options: FileSinkOptions = {},
  fs: Partial<FileSystem> = {},
  now: () => number = Date.now,
): Sink {
  const sink = fileSinkIn({ fs: { ...nodeFileSystem, ...fs }, now }, path, options)
  onTestFinished(() => sink.close())
  return sink
}

function write(sink: Sink, lines: string[]): LineAnswer | undefined {
  return sink.writeLines?.(lines, signal, []) as LineAnswer | undefined
}

test('the file is for its owner only and is appended to', () => {
  const path = join(temporaryDirectory(), 'audit.log')
  write(opened(path), ['a'])
  write(opened(path), ['b'])
  expect(linesOf(path)).toEqual(['a', 'b'])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a missing directory is an error at once', () => {
  expect(() => fileSink(join(temporaryDirectory(), 'missing', 'audit.log'))).toThrow(
    expect.objectContaining({ code: 'FILE_NOT_OPENED', message: expect.stringContaining('missing/audit.log') }),
  )
})

test.skipIf(process.getuid?.() === 0)('so is a directory that may not be written', () => {
  const directory = join(temporaryDirectory(), 'locked')
  mkdirSync(directory)
  chmodSync(directory, 0o500)
  expect(() => fileSink(join(directory, 'audit.log'))).toThrow(AuditError)
})

test('an unknown format is an error at once', () => {
  const options = { format: 'xml' } as unknown as FileSinkOptions
  expect(() => fileSink(join(temporaryDirectory(), 'audit.log'), options)).toThrow(/native, python-audit-log/)
})

test('after a rename and reopen() each file has its lines', () => {
  const path = join(temporaryDirectory(), 'audit.log')
  const sink = opened(path)
  write(sink, numbered(0, 100))
  renameSync(path, `${path}.1`)
  sink.reopen?.()
  expect(write(sink, numbered(100, 100))).toBeUndefined()
  expect(linesOf(`${path}.1`)).toEqual(numbered(0, 100))
  expect(linesOf(path)).toEqual(numbered(100, 100))
})

test('SIGHUP reopens all files, and no listener is left when they are closed', async () => {
  const before = process.listenerCount('SIGHUP')
  const path = join(temporaryDirectory(), 'audit.log')
  const sinks = Array.from({ length: 12 }, (_, index) => fileSink(`${path}${index}`))
  expect(process.listenerCount('SIGHUP')).toBe(before + 1)
  for (const [index, sink] of sinks.entries()) {
    write(sink, ['before'])
    renameSync(`${path}${index}`, `${path}${index}.1`)
  }
  const hangup = once(process, 'SIGHUP')
  process.kill(process.pid, 'SIGHUP')
  await hangup
  for (const [index, sink] of sinks.entries()) {
    write(sink, ['after'])
    expect(linesOf(`${path}${index}`)).toEqual(['after'])
    await sink.close()
    sink.reopen?.()
  }
  expect(process.listenerCount('SIGHUP')).toBe(before)
})

test.each([
  ['renamed', (path: string) => renameSync(path, `${path}.1`)],
  ['deleted', unlinkSync],
])('a file that was %s is noticed within a second, said once, and a new one begun', (_, move) => {
  const path = join(temporaryDirectory(), 'audit.log')
  let time = 1_000_000
  const sink = opened(path, {}, {}, () => time)
  write(sink, ['a'])
  move(path)
  time += 1_000
  expect(write(sink, ['b'])).toMatchObject({ error: { code: 'FILE_MOVED' } })
  expect(write(sink, ['c'])).toBeUndefined()
  expect(linesOf(path)).toEqual(['b', 'c'])
})

test('a disk that fills up in the middle of a line: the record is written again whole on a fresh line', () => {
  const path = join(temporaryDirectory(), 'audit.log')
  let room = 20
  const writeSync = (descriptor: number, bytes: Buffer, offset: number, length: number) => {
    if (room === 0)
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' })
    const written = nodeFileSystem.writeSync(descriptor, bytes, offset, Math.min(room, length))
    room -= written
    return written
  }
  const sink = opened(path, {}, { writeSync: writeSync as FileSystem['writeSync'] })
  const lines = numbered(1, 4)
  const first = write(sink, lines)
  expect(first).toMatchObject({
    taken: 2,
    error: { code: 'FILE_NOT_WRITTEN', message: expect.stringContaining('ENOSPC') },
  })
  expect(write(sink, lines.slice(2))).toMatchObject({ taken: 0, error: { code: 'FILE_NOT_WRITTEN' } })
  room = 1_000
  expect(write(sink, lines.slice(2))).toBeUndefined()
  expect(linesOf(path)).toEqual(['{"n":1}', '{"n":2}', '{"n"', '{"n":3}', '{"n":4}'])
})

test('a device without any room rejects and takes nothing', async () => {
  const sink = fileSink('/dev/full')
  expect(write(sink, ['a'])).toMatchObject({ taken: 0, error: { code: 'FILE_NOT_WRITTEN' } })
  await sink.close()
})

test('after a process that died in the middle of a line, the next begins a fresh one', () => {
  const path = join(temporaryDirectory(), 'audit.log')
  writeFileSync(path, 'whole\ntorn')
  write(opened(path), ['next'])
  expect(linesOf(path)).toEqual(['whole', 'torn', 'next'])
})

test('copying and truncating leaves no hole', () => {
  const path = join(temporaryDirectory(), 'audit.log')
  const sink = opened(path)
  write(sink, ['a'])
  writeFileSync(path, '')
  write(sink, ['b'])
  expect(readFileSync(path, 'utf8')).toBe('b\n')
})

test('rotation by size keeps every line, no file outgrows its size, and a restart overwrites nothing', async () => {
  const directory = temporaryDirectory()
  const path = join(directory, 'audit.log')
  const first = fileSink(path, { maxSize: 10_240 })
  write(first, numbered(0, 5_000))
  await first.close()
  write(opened(path, { maxSize: 10_240 }), numbered(5_000, 5_000))
  const files = [...filesLike(directory, 'audit.log.').sort(byAge), path]
  expect(files.length).toBeGreaterThan(9)
  for (const file of files) expect(statSync(file).size).toBeLessThanOrEqual(10_240)
  expect(files.flatMap(linesOf)).toEqual(numbered(0, 10_000))
})

test('the oldest files beyond maxFiles are deleted, however fast they come and wherever the clock goes', () => {
  const directory = temporaryDirectory()
  const path = join(directory, 'audit.log')
  let time = Date.UTC(2026, 10, 25, 9)
  const sink = opened(path, { maxSize: 1_000, maxFiles: 3 }, {}, () => time)
  for (let n = 0; n < 500; n++) {
    if (n === 250) time -= 3_600_000
    write(sink, numbered(n, 1))
  }
  const kept = filesLike(directory, 'audit.log.').sort(byAge)
  expect(kept).toHaveLength(3)
  const lines = [...kept, path].flatMap(linesOf)
  expect(lines).toEqual(numbered(500 - lines.length, lines.length))
})

test('a record larger than the size has a file of its own', () => {
  const directory = temporaryDirectory()
  const path = join(directory, 'audit.log')
  write(opened(path, { maxSize: 100 }), ['a', 'x'.repeat(500), 'b'])
  expect([...filesLike(directory, 'audit.log.').sort(byAge), path].map(linesOf)).toEqual([
    ['a'],
    ['x'.repeat(500)],
    ['b'],
  ])
})

test('rotation by age counts from the making of the file, over restarts', async () => {
  const directory = temporaryDirectory()
  const path = join(directory, 'audit.log')
  appendFileSync(path, 'old\n')
  const later = () => Date.now() + 3_600_000
  write(opened(path, { maxAgeMs: 3_600_000 }), ['young'])
  write(opened(path, { maxAgeMs: 3_599_000 }, {}, later), ['new'])
  expect(filesLike(directory, 'audit.log.').map(linesOf)).toEqual([['old', 'young']])
  expect(linesOf(path)).toEqual(['new'])
})

test('where rotation fails, writing goes on and says so', () => {
  const path = join(temporaryDirectory(), 'audit.log')
  const renameSync = () => {
    throw Object.assign(new Error('EACCES: permission denied, rename'), { code: 'EACCES', syscall: 'rename' })
  }
  const sink = opened(path, { maxSize: 10 }, { renameSync })
  expect(write(sink, numbered(0, 5))).toMatchObject({ error: { code: 'FILE_NOT_ROTATED' } })
  expect(linesOf(path)).toEqual(numbered(0, 5))
})

test('four processes leave whole lines in one file', async () => {
  const path = join(temporaryDirectory(), 'audit.log')
  const size = '(n) => (n % 100 === 0 ? 100_000 : 200 + (n % 7) * 100)'
  const code = `const log = open(path)
    for (let n = 0; n < 2000; n += 50) { pushRecords(log, n, 50, ${size}); await new Promise(setImmediate) }
    await log.close(60_000); process.disconnect()`
  const ends = await Promise.all(Array.from({ length: 4 }, () => endOf(start(code, path))))
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0])
  const records = linesOf(path).map((line) => JSON.parse(line) as { n: number; pid: number })
  expect(records).toHaveLength(8_000)
  for (const pid of new Set(records.map((record) => record.pid))) {
    expect(records.filter((record) => record.pid === pid).map(({ n }) => n)).toEqual(
      Array.from({ length: 2_000 }, (_, n) => n),
    )
  }
})

test('four processes that rotate one file lose nothing', async () => {
  const directory = temporaryDirectory()
  const path = join(directory, 'audit.log')
  const code = `const log = openSink(child.fileSink(path, { maxSize: 10_240 }))
    for (let n = 0; n < 500; n += 10) { pushRecords(log, n, 10); await new Promise(setImmediate) }
    await log.close(60_000); process.disconnect()`
  await Promise.all(Array.from({ length: 4 }, () => endOf(start(code, path))))
  const files = filesLike(directory, 'audit.log')
  expect(files.flatMap(linesOf).map((line) => JSON.parse(line))).toHaveLength(2_000)
  for (const file of files) expect(statSync(file).size).toBeLessThanOrEqual(10_240 + 4 * 1_024)
})

function byAge(a: string, b: string): number {
  const [time = '', number = '0'] = (a.split('log.')[1] ?? '').split('-')
  const [otherTime = '', otherNumber = '0'] = (b.split('log.')[1] ?? '').split('-')
  return time.localeCompare(otherTime) || Number(number) - Number(otherNumber)
}
