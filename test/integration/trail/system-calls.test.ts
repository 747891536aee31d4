import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../../support/temporary.ts'
import { createClient, startServer } from '../../trail/served.ts'
import { callsIn, faultsInCalls, traced } from './system-calls.ts'

/** Lets clients ask a traced server, and says which of its answers came too early. */
async function faultsOf(settings: {
  framework: 'node' | 'express'
  connections: number
  answers: number
  skip?: string[]
}): Promise<readonly string[]> {
  const { connections, answers, ...rest } = settings
  const parent = temporaryDirectory()
  const directory = join(parent, 'trail')
  const output = join(parent, 'calls')
  const server = await startServer({ ...rest, guarantee: 'durable', directory }, traced(output))
  const client = createClient(server.port, { connections })
  await client.until(answers)
  await client.stop()
  await server.close()
  expect(client.received.size).toBeGreaterThanOrEqual(answers)
  return faultsInCalls(callsIn(readFileSync(output, 'utf8')), client.received, directory)
}

describe('the kernel sees that no answer leaves before its record is on disk', () => {
  test.each([
    ['node', 1],
    ['node', 10],
    ['node', 50],
    ['express', 10],
    ['express', 50],
  ] as const)('on %s, over %i connections', async (framework, connections) => {
    expect(await faultsOf({ framework, connections, answers: 300 })).toEqual([])
  })

  test.each(['segments.datasync', 'segments.syncDirectory', 'root.syncDirectory', 'parent.syncDirectory'])(
    'and would see a server that leaves out %s',
    async (skipped) => {
      const faults = await faultsOf({ framework: 'node', connections: 10, answers: 20, skip: [skipped] })
      expect(faults).not.toEqual([])
    },
  )
})
