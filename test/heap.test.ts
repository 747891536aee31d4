import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const REQUESTS = 200_000

interface Measured {
  readonly heapMB: number
  readonly handles: { readonly [kind: string]: number }
}

interface HeapResult {
  readonly records: number
  readonly faults: number
  readonly growthMB: number
  readonly mostGrowthMB: number
  readonly before: Measured
  readonly after: Measured
}

it('holds on to nothing: memory and handles are the same after 50,000 and after 200,000 requests', async () => {
  const heap = fileURLToPath(new URL('../bench/heap.js', import.meta.url))
  const args = ['--import', 'tsx', '--expose-gc', heap, '--from', '../src', '--requests', String(REQUESTS), '--json']
  const { stdout } = await promisify(execFile)(process.execPath, args).catch(
    (error: { readonly stdout: string }) => error,
  )
  const result = JSON.parse(stdout) as HeapResult
  expect(result).toMatchObject({ records: REQUESTS, faults: 0 })
  expect(result.after.handles).toEqual(result.before.handles)
  expect(result.growthMB).toBeLessThanOrEqual(result.mostGrowthMB)
}, 900_000)
