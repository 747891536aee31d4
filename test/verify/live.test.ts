import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Verdict, VerifyError } from '../../src/verify/verdict.ts'
import { verifyTrail } from '../../src/verify/verify-trail.ts'
import { directoryOf, key } from './scratch.ts'

const writer = join(import.meta.dirname, 'live-writer.ts')

describe('a trail that is being written', () => {
  it('never fails, whenever one looks', { timeout: 300_000 }, async () => {
    const directory = directoryOf()
    const child = spawn(process.execPath, ['--import', 'tsx', writer, directory, '120'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    let ended = false
    const exit = once(child, 'exit').then(([code]) => {
      ended = true
      return code
    })
    const verdicts: Verdict[] = []
    while (!ended) {
      const verdict = await verifyTrail(directory, { keys: [key] }).catch((error: unknown) => {
        if (error instanceof VerifyError && error.code === 'NOTHING_TO_READ') return undefined
        throw error
      })
      if (verdict !== undefined) verdicts.push(verdict)
    }
    expect(await exit).toBe(0)
    expect(verdicts.filter(({ verdict }) => verdict !== 'passed').map(({ faults }) => faults)).toEqual([])
    expect(new Set(verdicts.map(({ size }) => size)).size).toBeGreaterThan(5)
    expect((await verifyTrail(directory, { keys: [key] })).unproven.records).toBe(0)
  })
})
