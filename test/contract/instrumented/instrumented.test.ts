import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const app = fileURLToPath(new URL('./app.ts', import.meta.url))

test('under OpenTelemetry, which wraps what servers emit, each request still leaves one record', async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', app])
  expect(stderr).toBe('')
  const each = [
    [200, 'success'],
    [404, 'failure'],
    [null, 'aborted'],
  ]
  expect(JSON.parse(stdout)).toEqual({ wrapped: true, records: { express: each, node: each, attached: each } })
})
