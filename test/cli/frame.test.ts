import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { griffier, start } from './command.ts'
import { ids, vectorTrail, vkey } from './vectors.ts'

const root = resolve(import.meta.dirname, '../..')
const commands = ['verify', 'key', 'prove', 'verify-proof', 'show', 'tail', 'doctor', 'export']

describe('help', () => {
  it('lists every command', async () => {
    const { status, stdout, stderr } = await griffier('--help')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    for (const name of commands) expect(stdout).toMatch(new RegExp(`^  ${name} <`, 'm'))
  })

  it.each(commands)('of %s says how it is used, its options and its exit status', async (name) => {
    const { status, stdout, stderr } = await griffier(name, '--help')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain(`Usage: griffier ${name} <`)
    expect(stdout).toMatch(/^ {2}--json /m)
    expect(stdout).toMatch(/^Exit status\n {2}0 /m)
    expect(await griffier('help', name)).toMatchObject({ status: 0, stdout })
  })

  it('fits on a screen of 132 columns', async () => {
    for (const name of commands) {
      const { stdout } = await griffier(name, '--help')
      expect(stdout.split('\n').filter((line) => line.length > 132)).toEqual([])
    }
  })
})

it('says its version', async () => {
  const { version } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { version: string }
  const args = ['--import', 'tsx', 'src/cli/main.ts', '--version']
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
  expect(stdout).toBe(`${version}\n`)
})

describe('wrong use ends with 2, says what to do, and writes nothing else', () => {
  // A directory that is there; none of these gets to read it.
  const directory = root
  it.each([
    [[], /griffier <command> --help/],
    [['verfy', 'x'], /no command “verfy”. Did you mean verify\?/],
    [['--verison'], /Did you mean --version\?/],
    [['help', 'nothing'], /no command “nothing”. See griffier --help/],
    [['toString'], /no command “toString”/],
    [['verify'], /takes <directory>, and got nothing. See griffier verify --help/],
    [['verify', 'a', 'b'], /takes <directory>, and got “a” “b”/],
    [['verify', directory, '--chekpoint', 'x'], /Did you mean --checkpoint\?/],
    [['verify', directory, '--key'], /--key/],
    [['verify', directory, '--key', 'nowhere.txt'], /nowhere.txt is no verifier key, and no file that can be read/],
    [['verify', directory, '--key', vkey.replace('Ohb', 'Ohc').replace('+c9', '+c8')], /key/],
    [
      ['verify', directory, '--key=-----BEGIN PRIVATE KEY-----\nsecret'],
      /^griffier verify: --key was given a private key/,
    ],
    [
      ['verify', directory, '--checkpoint', 'nowhere.txt'],
      /nowhere.txt cannot be read: .* Give a copy of the file checkpoint/,
    ],
    [['key', 'nowhere'], /nowhere is missing. Check the path/],
    [['tail', directory], /holds no trail. Give the directory that holds trail.json/],
    [['prove', directory, 'one'], /“one” is no id of a record/],
    [['show', directory, 'one'], /“one” is no id of a record/],
    [['tail', directory, '-n', '-1'], /whole number|ambiguous/],
    [['tail', directory, '-n', 'ten'], /Give --lines a whole number/],
    [['export', directory], /--tlog <target>/],
    [['verify-proof', 'nowhere.txt'], /nowhere.txt cannot be read: ENOENT.*\. Give the file that griffier prove wrote/],
  ])('%j', async (args, message) => {
    const { status, stdout, stderr } = await griffier(...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/\n {4}at |secret/)
  })
})

describe('colour', () => {
  const forced = { FORCE_COLOR: '1' }
  it('is not in a pipe', async () => {
    expect((await griffier('tail', vectorTrail())).stdout).not.toContain('\u001b')
  })

  it('is where it is forced, and not where that is taken back', async () => {
    expect((await start(['tail', vectorTrail()], forced).ended).stdout).toContain('\u001b[')
    expect((await start(['tail', vectorTrail()], { FORCE_COLOR: '0' }).ended).stdout).not.toContain('\u001b')
  })
})

it('ends quietly when nobody reads what it writes', async () => {
  const running = start(['show', vectorTrail(), ids[1] ?? ''])
  running.child.stdout?.destroy()
  expect(await running.ended).toMatchObject({ status: 0, stderr: '' })
})
