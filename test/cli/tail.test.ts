import { readdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { griffier, start } from './command.ts'
import { exchange, GrowingTrail } from './growing-trail.ts'
import { vector, vectorTrail } from './vectors.ts'

const lines = vector('segment').trimEnd().split('\n')

describe('the last records', () => {
  it('are a line each, for a person', async () => {
    const { status, stdout, stderr } = await griffier('tail', vectorTrail())
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^2026-11-25T09:00:00\.000Z {2}start {6}\{"in_force":/),
      '2026-11-25T09:00:01.000Z  success    200  GET https://app.example.org/bicycles  jané@example.org  List Bicycle',
      '2026-11-25T09:00:02.000Z  stop       {"recorded":1,"lost":0,"refused":0}',
    ])
  })

  it('are the lines of the trail, byte by byte, for a program', async () => {
    expect((await griffier('tail', vectorTrail(), '--json')).stdout).toBe(vector('segment'))
  })

  it('are ten, or as many as are wanted', async () => {
    const trail = new GrowingTrail()
    trail.exchanges(20)
    trail.rotate()
    trail.exchanges(3)
    trail.checkpoint()
    const shown = async (...args: string[]): Promise<readonly string[]> =>
      [...(await griffier('tail', trail.directory, ...args)).stdout.matchAll(/Number (\d+)/g)].map(
        ([, number = '']) => number,
      )
    expect(await shown()).toEqual(['14', '15', '16', '17', '18', '19', '20', '21', '22', '23'])
    expect(await shown('-n', '2')).toEqual(['22', '23'])
    expect(await shown('-n', '0')).toEqual([])
    expect(await shown('--lines', '100')).toHaveLength(23)
  })

  it('are those that the newest checkpoint covers', async () => {
    const directory = vectorTrail({ checkpoint: vector('checkpoint-2') })
    expect((await griffier('tail', directory, '--json')).stdout).toBe(`${lines.slice(0, 2).join('\n')}\n`)
  })

  it('do not steer the terminal', async () => {
    const trail = new GrowingTrail()
    trail.write(exchange(1, { message: '\u001b[2J\u009b\n\u202egnol' }).line)
    trail.checkpoint()
    const { stdout } = await griffier('tail', trail.directory, '-n', '1')
    expect(stdout).toContain('\\u001b[2J\\u009b\\u000a\\u202egnol')
  })
})

describe('following', () => {
  it('shows what comes, also in the next segment, once it is durable; and ends when it is interrupted', async () => {
    const trail = new GrowingTrail()
    trail.exchanges(2)
    trail.checkpoint()
    const before = stateOf(trail.directory)
    const running = start(['tail', trail.directory, '-f', '-n', '1'])
    await running.shows(/Number 2\n/)
    expect(stateOf(trail.directory)).toEqual(before)
    trail.exchanges(1)
    trail.rotate()
    trail.exchanges(1)
    trail.checkpoint()
    trail.exchanges(1)
    await running.shows(/Number 4\n/)
    trail.checkpoint()
    await running.shows(/Number 5\n/)
    running.child.kill('SIGINT')
    const { status, stdout, stderr } = await running.ended
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect([...stdout.matchAll(/Number (\d+)/g)].map(([, number]) => number)).toEqual(['2', '3', '4', '5'])
  })

  it('ends quietly when nobody reads it any more', async () => {
    const trail = new GrowingTrail()
    trail.exchanges(1)
    trail.checkpoint()
    const running = start(['tail', trail.directory, '--follow'])
    await running.shows(/Number 1\n/)
    running.child.stdout?.destroy()
    trail.exchanges(1)
    trail.checkpoint()
    expect(await running.ended).toMatchObject({ status: 0, stderr: '' })
  })

  it('says when the trail became shorter', async () => {
    const directory = vectorTrail()
    const running = start(['tail', directory, '-f', '--json'])
    await running.shows(/"stop"/)
    const trail = vectorTrail({ checkpoint: vector('checkpoint-2') })
    renameSync(join(trail, 'checkpoint'), join(directory, 'checkpoint'))
    expect(await running.ended).toMatchObject({
      status: 1,
      stderr: 'griffier tail: the trail has 2 records, and had 3. Run griffier verify.\n',
    })
  })
})

/** Each file of a directory, with its size, when it changed, and who may read it. */
function stateOf(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { size, mtimeMs, ctimeMs, mode } = statSync(join(directory, name))
      return `${name} ${size} ${mtimeMs} ${ctimeMs} ${mode}`
    })
}
