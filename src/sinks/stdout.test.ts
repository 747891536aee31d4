import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { namedPipe } from '../../test/support/temporary.ts'
import { descriptorSink } from './stdout.ts'

function openPipe(): { reader: number; writer: number } {
  const path = namedPipe()
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(path, constants.O_WRONLY)
  onTestFinished(() => {
    closeSync(reader)
    closeSync(writer)
  })
  return { reader, writer }
}

function read(reader: number, length: number): string {
  const bytes = Buffer.alloc(length)
  try {
    return bytes.toString('latin1', 0, readSync(reader, bytes))
  } catch {
    return ''
  }
}

const lines = Array.from({ length: 60 }, (_, index) => `${index}:${'x'.repeat(3_000)}`)

test('what others write to a full pipe comes between lines, never into one', async () => {
  const { reader, writer } = openPipe()
  const sink = descriptorSink(writer)
  const answer = Promise.resolve(sink.writeLines?.(lines, new AbortController().signal, []))
  let text = read(reader, 10_000)
  writeSync(writer, 'other\n')
  const timer = setInterval(() => {
    text += read(reader, 65_536)
  }, 1)
  await answer
  clearInterval(timer)
  text += read(reader, 65_536)
  await sink.close()
  const got = text.split('\n').slice(0, -1)
  expect(got).toContain('other')
  expect(got.filter((line) => line !== 'other')).toEqual(lines)
})

test('a write that is given up leaves off between lines, or ends its line with the next write', async () => {
  const { reader, writer } = openPipe()
  const sink = descriptorSink(writer)
  const long = ['y'.repeat(50_000), 'z'.repeat(50_000), 'last']
  const controller = new AbortController()
  const pending = Promise.resolve(sink.writeLines?.(long, controller.signal, []))
  controller.abort()
  const answer = await pending
  expect(answer).toMatchObject({ taken: 2, error: { code: 'STDOUT_NOT_WRITTEN' } })
  let text = ''
  const timer = setInterval(() => {
    text += read(reader, 65_536)
  }, 1)
  expect(await sink.writeLines?.(long.slice(2), new AbortController().signal, [])).toBeUndefined()
  clearInterval(timer)
  text += read(reader, 65_536)
  expect(text.split('\n')).toEqual([...long, ''])
  await sink.close()
})
