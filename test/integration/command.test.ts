import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { griffier, program } from '../cli/command.ts'
import { exchange, GrowingTrail } from '../cli/growing-trail.ts'
import { vectorTrail, vkey } from '../cli/vectors.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { run } from './commands.ts'
import { ask, buildChecker } from './tlog/check.ts'

describe('an exported log, read by Go', () => {
  let checker: string
  beforeAll(async () => {
    checker = await buildChecker()
  })

  /** Exports a trail of so many records and asks Go about the log. */
  async function exported(size: number): Promise<unknown> {
    const trail = new GrowingTrail()
    trail.exchanges(Math.floor(size / 2))
    trail.rotate()
    trail.exchanges(size - trail.size)
    trail.checkpoint()
    const directory = join(temporaryDirectory(), 'log')
    expect(await griffier('export', trail.directory, '--tlog', directory)).toMatchObject({ status: 0 })
    const [verdict] = await ask(checker, [{ check: 'log', key: vkey, directory }])
    return verdict
  }

  it.each([1, 2, 255, 256, 257, 512, 600])('is whole with %i records', async (size) => {
    expect(await exported(size)).toMatchObject({ ok: true, size })
  })
})

describe('on a terminal', () => {
  /** What a command writes to a terminal, both streams, whose lines end in a line feed here. */
  async function onTerminal(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    const command = [process.execPath, program, ...args].map((word) => `'${word}'`).join(' ')
    const variables = Object.entries({ TERM: 'xterm', ...env }).map(([name, value]) => `${name}=${value}`)
    const { stdout } = await run(
      'script',
      ['-qec', `env -u FORCE_COLOR -u NO_COLOR ${variables.join(' ')} ${command}`, '/dev/null'],
      {
        cwd: '/',
      },
    )
    return stdout.replaceAll('\r\n', '\n')
  }

  it('the verdict is coloured, and not where colour is not wanted', async () => {
    const args = ['verify', vectorTrail(), '--key', vkey]
    expect(await onTerminal(args)).toMatch(/\p{Cc}\[1m\p{Cc}\[32mPASSED/u)
    const plain = await onTerminal(args, { NO_COLOR: '1' })
    expect(plain).toContain('PASSED  example.org')
    expect(plain).not.toContain('\u001b[3')
    expect(await onTerminal(args, { TERM: 'dumb' })).not.toContain('\u001b[3')
  })

  it('a bar shows how far verification is, and is gone in the end', async () => {
    const trail = new GrowingTrail()
    trail.exchanges(2000)
    trail.checkpoint()
    const shown = await onTerminal(['verify', trail.directory, '--key', vkey])
    expect(shown).toMatch(/\r\p{Cc}\[K█+░* \d+ %.*\r\p{Cc}\[K.*PASSED/su)
  })

  it('a record is laid out, with what belongs to it below', async () => {
    const trail = new GrowingTrail()
    const { id, line } = exchange(1)
    trail.write(line, exchange(2, { kind: 'event', exchange: id, message: 'Looked' }).line)
    trail.checkpoint()
    const shown = await onTerminal(['show', trail.directory, id], { NO_COLOR: '1' })
    expect(shown).toMatch(/^Record 1\n\{\n {2}"id": "/)
    expect(shown).toMatch(/\nBelongs to it\n {9}2 {2}\S+ {2}event {8}success {2}200 {2}GET \S+ {2}Looked\n/)
  })

  it.each([['tail'], ['tail', '--json'], ['show'], ['show', '--json']])(
    'no record steers it: %s %s',
    async (command, ...options) => {
      const trail = new GrowingTrail()
      const { id, line } = exchange(1, { message: '\u001b[31mred\u009b31m\u202egnol\u007f' })
      trail.write(line)
      trail.checkpoint()
      const operands = command === 'tail' ? [trail.directory] : [trail.directory, id]
      const shown = await onTerminal([command, ...operands, ...options], { NO_COLOR: '1' })
      expect(shown).toContain('gnol')
      expect(shown).not.toMatch(/(?!\n)\p{Cc}|\u202e/u)
    },
  )
})
