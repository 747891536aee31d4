import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temporary.ts'
import {
  type BuiltTrail,
  buildTrail,
  builtOrigin,
  idOf,
  leafHash,
  recordLines,
  rootOf,
} from '../support/trail-builder.ts'
import { filesOf, linesOfTrail } from '../support/trail-lines.ts'
import { triedTrail } from '../support/tried-trail.ts'
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

it('of a trail that is not continued names its successor', async () => {
  const directory = join(temporaryDirectory(), 'trail')
  const { origin, lines } = buildTrail(directory)
  const follows = { origin, size: 3, root: rootOf(lines.map(leafHash)).toString('base64') }
  buildTrail(`${directory}.2`, { origin: `${origin}/2`, follows })
  const { status, stderr } = await griffier('tail', directory)
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr: `The trail was not continued after 3 records; ${directory}.2 follows it.\n`,
  })
})

/** The lines of a trail that no test has in memory. */
function linesIn(directory: string): readonly string[] {
  return linesOfTrail(filesOf(directory)).map(({ text }) => text)
}

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

  it('goes on in the successor of a trail that is not continued, with all of its records', async () => {
    const directory = join(temporaryDirectory(), 'trail')
    const before = triedTrail({ directory })
    await before.append('durable')
    await before.trail.close(60_000)
    const running = start(['tail', directory, '-f', '--json'])
    await running.shows(/"kind":"stop"/)
    const shown = linesIn(directory)
    const segment = join(directory, 'segments/000000000000.ndjson')
    writeFileSync(segment, readFileSync(segment, 'utf8').replace('fiets', 'auto!'))
    const after = triedTrail({ directory })
    await after.append('durable')
    await after.trail.close(60_000)
    await running.shows(/"kind":"stop".*"kind":"stop"/s)
    running.child.kill('SIGINT')
    const { status, stdout, stderr } = await running.ended
    expect(stdout.trimEnd().split('\n')).toEqual([...shown, ...linesIn(`${directory}.2`)])
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: `The trail was not continued after 3 records; ${directory}.2 follows it.\n`,
    })
  })

  it('goes from one successor to the next', async () => {
    const directory = join(temporaryDirectory(), 'trail')
    const trails = [buildTrail(directory)]
    for (const number of [2, 3]) {
      const { origin, lines } = trails.at(-1) as BuiltTrail
      const follows = { origin, size: lines.length, root: rootOf(lines.map(leafHash)).toString('base64') }
      const of = recordLines(3, 10 * number)
      trails.push(buildTrail(`${directory}.${number}`, { origin: `${builtOrigin}/${number}`, follows, lines: of }))
    }
    const running = start(['tail', `${directory}/`, '-f', '--json'])
    await running.shows(new RegExp(idOf(32)))
    running.child.kill('SIGINT')
    const { stdout } = await running.ended
    expect(stdout.trimEnd().split('\n')).toEqual(trails.flatMap(({ lines }) => lines))
  })

  it.each(['size', 'root'] as const)(
    'ends where it cannot tell that a successor follows what it showed, by its %s',
    async (member) => {
      const directory = join(temporaryDirectory(), 'trail')
      const { origin, lines } = buildTrail(directory)
      const follows = { origin, size: 3, root: rootOf(lines.map(leafHash)).toString('base64') }
      const other = { size: { size: 2 }, root: { root: rootOf([]).toString('base64') } }[member]
      buildTrail(`${directory}.2`, { origin: `${origin}/2`, follows: { ...follows, ...other } })
      const { status, stdout, stderr } = await griffier('tail', directory, '-f', '--json')
      expect(stdout.trimEnd().split('\n')).toEqual(lines)
      expect(status).toBe(1)
      expect(stderr).toBe(
        `griffier tail: ${directory}.2 follows another state of the trail than these 3 records. Run griffier verify on both, and griffier tail on ${directory}.2.\n`,
      )
    },
  )

  it('ends where the trail cannot be read any more, and names its successor', async () => {
    const directory = join(temporaryDirectory(), 'trail')
    const { origin } = buildTrail(directory)
    const running = start(['tail', directory, '-f', '--json'])
    await running.shows(new RegExp(idOf(2)))
    buildTrail(`${directory}.2`, {
      origin: `${origin}/2`,
      follows: { origin, size: 0, root: rootOf([]).toString('base64') },
    })
    rmSync(join(directory, 'checkpoint'))
    expect(await running.ended).toMatchObject({
      status: expect.toBeOneOf([1, 2]),
      stderr: expect.stringContaining(`${directory}.2`),
    })
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
