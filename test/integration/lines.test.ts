import { delimiter, dirname } from 'node:path'
import { beforeAll, describe, test } from 'vitest'
import { succeed } from './commands.ts'
import { root } from './packed.ts'
import { installRuntimes, lines, nodeOf } from './runtimes.ts'

beforeAll(() => installRuntimes())

const current = process.versions.node.split('.')[0]
const others = lines.filter((line) => line !== current)

// What stands closest to Node's own insides: which event comes when, what shares a chunk, what a socket is told.
describe.each(others)('on Node.js %s', (line) => {
  test('exchanges are seen and responses held as on the line that runs all tests', async () => {
    const path = `${dirname(nodeOf(line))}${delimiter}${process.env.PATH}`
    const tests = ['src/exchange', 'test/contract/node.test.ts', 'test/contract/attach.test.ts']
    await succeed(nodeOf(line), ['node_modules/vitest/vitest.mjs', 'run', '--reporter=dot', ...tests], {
      cwd: root,
      env: { PATH: path },
    })
  }, 600_000)
})
