import { execFile } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { vector, vectorTrail } from '../cli/vectors.ts'
import { bundled } from '../support/bundled.ts'
import { fences, pages } from './pages.ts'

const page = pages.get('docs/command-line.md') ?? ''
const sections = new Map(
  page.split(/^(?=## )/m).flatMap((text) => {
    const name = /^## `([\w-]+)`/.exec(text)?.[1]
    return name === undefined ? [] : [[name, text] as const]
  }),
)
const shown = fences
  .filter(({ page, code }) => page === 'docs/command-line.md' && code.startsWith('$ '))
  .map(({ code }) => ({ command: code.slice(2, code.indexOf('\n')), output: code.slice(code.indexOf('\n') + 1) }))

const program = bundled(new URL('../../src/cli/main.ts', import.meta.url))
let directory: string

/** Where the commands of the page are run, in their order: with a trail, a changed one and an older checkpoint. */
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'griffier-page-'))
  writeFileSync(join(directory, 'griffier'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, {
    mode: 0o755,
  })
  writeFileSync(join(directory, 'monday.checkpoint'), vector('checkpoint-2'))
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

function run(command: string): Promise<string> {
  const { FORCE_COLOR, ...environment } = process.env
  const env = { ...environment, PATH: `${directory}:${process.env.PATH}` }
  return new Promise((resolve) => {
    execFile('/bin/sh', ['-c', `(${command}) 2>&1`], { cwd: directory, env }, (_, stdout) => resolve(stdout))
  })
}

describe('the page of the command line', () => {
  it('has a section for each command, which names each of its options', () => {
    expect([...sections.keys()].sort()).toEqual(Object.keys(commands).sort())
    for (const [name, { options }] of Object.entries(commands)) {
      for (const option of Object.keys(options)) expect(sections.get(name), name).toContain(`--${option}`)
    }
  })

  it('shows what each command does', async () => {
    renameSync(vectorTrail(), join(directory, 'trail'))
    const changed = vector('segment').replace('List Bicycle', 'List bicycle')
    renameSync(vectorTrail({ 'segments/000000000000.ndjson': changed }), join(directory, 'changed'))
    expect(shown.map(({ command }) => command.split(' ')[1])).toEqual(expect.arrayContaining(Object.keys(commands)))
    for (const { command, output } of shown) expect(await run(command), command).toBe(output)
  })
})
