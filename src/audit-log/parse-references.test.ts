import { createWriteStream } from 'node:fs'
import { devNull } from 'node:os'
import { Writable } from 'node:stream'
import pino from 'pino'
import { expect, test } from 'vitest'
import { isSink } from './parse-references.ts'

test('a sink is told from a stream, a pino destination and a function', () => {
  const file = createWriteStream(devNull)
  const destination = pino.destination({ dest: devNull, sync: true })
  const sink = { name: 'mine', write: async (): Promise<void> => {}, close: async (): Promise<void> => {} }
  const values = [sink, file, destination, new Writable(), { write() {} }, () => {}]
  expect(values.map((value) => isSink(value))).toEqual([true, false, false, false, false, false])
  file.destroy()
  destination.destroy()
})
