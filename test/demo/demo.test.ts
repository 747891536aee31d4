import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { Ajv } from 'ajv'
import { expect, it, onTestFinished } from 'vitest'
import schema from '../../src/record/record.schema.json' with { type: 'json' }

const root = resolve(import.meta.dirname, '../..')

function startDemo(...options: string[]) {
  const demo = spawn(process.execPath, ['--import', 'tsx', join(root, 'demo/main.ts'), ...options], {
    cwd: root,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void demo.kill('SIGKILL'))
  return demo
}

it('visits the register, shows each record once, keeps it in a private file, verifies its trail and ends', async () => {
  const demo = startDemo()
  let output = ''
  demo.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  const [code] = await once(demo, 'close')
  expect(output).not.toContain('FAULT')
  expect(code).toBe(0)

  const file = /file +(\S+)/.exec(output)?.[1] ?? ''
  onTestFinished(() => rmSync(dirname(file), { recursive: true, force: true }))
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  const isRecord = new Ajv().compile(schema)
  expect(lines.filter((line) => !isRecord(JSON.parse(line)))).toEqual([])
  const exchanges = lines.filter((line) => JSON.parse(line).kind === undefined)
  expect(output.match(/^ {2}(success|denied|failure|aborted) /gm)).toHaveLength(exchanges.length)
  for (const outcome of ['success', 'denied', 'failure', 'aborted']) expect(output).toContain(`${outcome} ×`)
  expect(output).toMatch(/PASSED.*FAILED/s)
  expect(output, 'colour belongs on a terminal').not.toContain('\x1b[')
})

it('serves until it is interrupted', async () => {
  const demo = startDemo('--serve')
  let url: string | undefined
  let file: string | undefined
  for await (const line of createInterface(demo.stdout)) {
    url ??= /at (http:\S+) until/.exec(line)?.[1]
    file = /tail -f (\S+)/.exec(line)?.[1]
    if (file !== undefined) break
  }
  onTestFinished(() => rmSync(dirname(file ?? ''), { recursive: true, force: true }))
  expect((await fetch(`${url}/bicycles?colour=red`)).status).toBe(200)
  demo.kill('SIGINT')
  expect(await once(demo, 'exit')).toEqual([0, null])
  expect(readFileSync(file ?? '', 'utf8')).toContain('"message":"Searched bicycles"')
})
