import { once } from 'node:events'
import { constants, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pino } from 'pino'
import type { AuditRecord } from '../../src/record/record.ts'
import { fileSink, fileSinkIn } from '../../src/sinks/file.ts'
import { nodeFileSystem } from '../../src/sinks/file-system.ts'
import { functionSink } from '../../src/sinks/function.ts'
import { descriptorSink } from '../../src/sinks/stdout.ts'
import { writableSink } from '../../src/sinks/writable.ts'
import { memorySink } from '../../src/testing/memory-sink.ts'
import { linesOf, namedPipe, temporaryDirectory } from '../support/temporary.ts'
import { sinkContract } from './sink.ts'

const parse = (line: string) => JSON.parse(line) as AuditRecord
const noSpace = () =>
  Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' })

sinkContract(
  'fileSink',
  async () => {
    const path = join(temporaryDirectory(), 'audit.log')
    return { sink: fileSink(path), received: async () => linesOf(path).map(parse) }
  },
  async () => {
    const path = join(temporaryDirectory(), 'audit.log')
    let full = true
    const writeSync = ((...values: Parameters<typeof nodeFileSystem.writeSync>) => {
      if (full) throw noSpace()
      return nodeFileSystem.writeSync(...values)
    }) as typeof nodeFileSystem.writeSync
    return {
      sink: fileSinkIn({ fs: { ...nodeFileSystem, writeSync }, now: Date.now }, path, {}),
      received: async () => linesOf(path).map(parse),
      heal: () => {
        full = false
      },
    }
  },
)

sinkContract('stdoutSink on a file', async () => {
  const path = join(temporaryDirectory(), 'out')
  return {
    sink: descriptorSink(openSync(path, 'w')),
    received: async () => readFileSync(path, 'utf8').split('\n').slice(0, -1).map(parse),
  }
})

sinkContract('stdoutSink on a pipe', async () => {
  const path = namedPipe()
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const descriptor = openSync(path, constants.O_WRONLY)
  const chunks: Buffer[] = []
  const drain = () => {
    for (;;) {
      const chunk = Buffer.alloc(65_536)
      try {
        const length = nodeFileSystem.readSync(reader, chunk)
        if (length === 0) return
        chunks.push(chunk.subarray(0, length))
      } catch {
        return
      }
    }
  }
  const timer = setInterval(drain, 2)
  return {
    sink: descriptorSink(descriptor),
    received: async () => {
      drain()
      return Buffer.concat(chunks).toString().split('\n').slice(0, -1).map(parse)
    },
    cleanUp: () => {
      clearInterval(timer)
      nodeFileSystem.closeSync(reader)
      nodeFileSystem.closeSync(descriptor)
    },
  }
})

sinkContract(
  'writableSink on a stream',
  async () => {
    const chunks: Buffer[] = []
    const stream = new PassThrough({ highWaterMark: 100 }).on('data', (chunk: Buffer) => chunks.push(chunk))
    return {
      sink: writableSink(stream),
      received: async () => Buffer.concat(chunks).toString().split('\n').slice(0, -1).map(parse),
    }
  },
  async () => {
    const lines: string[] = []
    let broken = true
    const target = {
      write(line: string) {
        if (broken) throw new Error(`cannot take ${line}`)
        lines.push(line)
      },
    }
    return {
      sink: writableSink(target),
      received: async () => lines.map(parse),
      heal: () => {
        broken = false
      },
    }
  },
)

sinkContract('writableSink on a pino destination', async () => {
  const path = join(temporaryDirectory(), 'audit.log')
  const destination = pino.destination({ dest: path, sync: false, minLength: 4096 })
  await once(destination, 'ready')
  return {
    sink: writableSink(destination),
    received: async () => {
      destination.flushSync()
      return linesOf(path).map(parse)
    },
    cleanUp: () => destination.end(),
  }
})

sinkContract('memorySink', async () => {
  const sink = memorySink()
  return { sink, received: async () => sink.records }
})

sinkContract(
  'functionSink',
  async () => {
    const lines: string[] = []
    const sink = functionSink(async (line) => {
      await new Promise(setImmediate)
      lines.push(line)
    })
    return { sink, received: async () => lines.map(parse) }
  },
  async () => {
    const lines: string[] = []
    let broken = true
    const sink = functionSink((line) => {
      if (broken) throw new Error(`cannot take ${line}`)
      lines.push(line)
    })
    return {
      sink,
      received: async () => lines.map(parse),
      heal: () => {
        broken = false
      },
    }
  },
)
