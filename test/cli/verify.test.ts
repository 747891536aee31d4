import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temporary.ts'
import { griffier, start } from './command.ts'
import { exchange, GrowingTrail } from './growing-trail.ts'
import { vector, vectorTrail, vkey } from './vectors.ts'

const segment = 'segments/000000000000.ndjson'
const root = vector('checkpoint-3').split('\n')[2] ?? ''

function fileWith(text: string): string {
  const file = join(temporaryDirectory(), 'file.txt')
  writeFileSync(file, text)
  return file
}

describe('a trail that is whole', () => {
  it('passes with the key, and says what that proves, and what it does not', async () => {
    const { status, stdout, stderr } = await griffier('verify', vectorTrail(), '--key', vkey)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toBe(`PASSED  example.org/bicycles/audit

Proven       3 records, 0 to 2, the last of 2026-11-25T09:00:02.000Z
             root ${root}

Not proven   that this is not an older state of the trail: no older checkpoint was given that fits

Trail tells  1 start, 1 stop
`)
  })

  it('passes with the key in a file', async () => {
    expect(await griffier('verify', vectorTrail(), '--key', fileWith(`\n${vkey}\n`))).toMatchObject({ status: 0 })
  })

  it('is consistent without a key, with a hint', async () => {
    const { status, stdout } = await griffier('verify', vectorTrail())
    expect(status).toBe(3)
    expect(stdout).toMatch(/^CONSISTENT, NOT AUTHENTICATED {2}example/)
    expect(stdout).toContain('To do        Give the verifier key')
  })

  it('passes with an older checkpoint, which leaves nothing that is not proven', async () => {
    const older = fileWith(vector('checkpoint-2'))
    const { status, stdout } = await griffier('verify', vectorTrail(), '--key', vkey, '--checkpoint', older)
    expect(status).toBe(0)
    expect(stdout).toContain(`Checkpoints  ${older}: its 2 records are still there\n`)
    expect(stdout).not.toContain('Not proven')
  })

  it('counts and names what is behind its checkpoint', async () => {
    const trail = new GrowingTrail()
    trail.exchanges(1)
    trail.checkpoint()
    trail.exchanges(2)
    const { status, stdout } = await griffier('verify', trail.directory, '--key', vkey)
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /^Not proven {3}2 records behind the checkpoint, \d+ bytes, from 2026-11-25T09:10:00.000Z on\n/m,
    )
  })

  it('shows no bar and no colour in a pipe', async () => {
    const { stdout, stderr } = await griffier('verify', vectorTrail())
    expect(stdout + stderr).not.toMatch(/\p{Cc}(?<!\n)|█/u)
  })

  it('gives one object to programs', async () => {
    const { status, stdout } = await griffier('verify', vectorTrail(), '--key', vkey, '--json')
    expect(status).toBe(0)
    expect(stdout.match(/\n/g)).toHaveLength(1)
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'passed',
      origin: 'example.org/bicycles/audit',
      size: 3,
      root,
      faults: [],
    })
  })

  it('is verified while a writer is at work', async () => {
    const trail = new GrowingTrail()
    const running = Array.from({ length: 3 }, () => {
      trail.exchanges(100)
      trail.checkpoint()
      return start(['verify', trail.directory, '--key', vkey]).ended
    })
    for (const { status, stdout } of await Promise.all(running)) expect({ status, stdout }).toMatchObject({ status: 0 })
  })
})

describe('what the trail tells', () => {
  it('of gaps, recoveries and interrupted exchanges', async () => {
    const trail = new GrowingTrail()
    const time = '2026-11-25T09:10:00.000Z'
    const of = exchange(99).id
    const record = (number: number, kind: string, own: object, more: object = {}): string =>
      JSON.stringify({
        ...{ id: exchange(number).id, time, logger: 'audit_log', kind, [kind]: own, ...more },
        nonce: 'AQEBAQEBAQEBAQEBAQEBAQ',
      })
    trail.write(
      record(1, 'recovery', { size: 1, torn_bytes: 17, tiles: 0, interrupted: 1 }),
      record(2, 'interrupted', { intent: exchange(3).id }, { exchange: of }),
      record(4, 'gap', { lost: 2, refused: 1, first_time: time, last_time: time, reason: 'no room \u001b[2J' }),
    )
    trail.checkpoint()
    const { status, stdout } = await griffier('verify', trail.directory, '--key', vkey)
    expect(status).toBe(0)
    expect(stdout.slice(stdout.indexOf('Trail tells'))).toBe(`Trail tells  1 start, 0 stops
             1 gap, 2 records lost, 1 request refused
               record 3: 2 lost, 1 refused, ${time} to ${time}, no room \\u001b[2J
             1 recovery
               record 1: at ${time}, 17 torn bytes cut
             1 interrupted exchange
               ${of}
`)
  })
})

describe('a trail that was changed', () => {
  it('fails, and says where', async () => {
    const changed = vector('segment').replace('List Bicycle', 'List bicycle')
    const { status, stdout } = await griffier('verify', vectorTrail({ [segment]: changed }), '--key', vkey)
    expect(status).toBe(1)
    expect(stdout).toMatch(/^FAILED {2}example\.org\/bicycles\/audit\n\nFaults {7}/)
    expect(stdout).toMatch(/segments\/000000000000\.ndjson, byte \d+, record 1: /)
    expect(stdout).toContain('To do        Keep the directory as it is')
  })

  it('fails without a key, too', async () => {
    expect(await griffier('verify', vectorTrail({ [segment]: '' }))).toMatchObject({ status: 1 })
  })

  it('fails with the key of somebody else', async () => {
    const other = 'example.org/bicycles/audit+bd8fe7fa+AbeX4jxLZDkIjLnx5sCyMxsEdsZnBhPDUoZTVYhzjmlT'
    const { status } = await griffier('verify', vectorTrail(), '--key', other)
    expect([1, 2]).toContain(status)
  })

  it('fails where it is an older state than a checkpoint that was kept', async () => {
    const newer = fileWith(vector('checkpoint-3'))
    const lines = vector('segment').split('\n')
    const tile = Buffer.from(vector('leaves').replaceAll('\n', ''), 'hex').subarray(0, 64)
    const older = vectorTrail({
      [segment]: `${lines.slice(0, 2).join('\n')}\n`,
      checkpoint: vector('checkpoint-2'),
      'tile/0/000.p/2': tile,
    })
    rmSync(join(older, 'tile/0/000.p/3'))
    expect(await griffier('verify', older, '--key', vkey)).toMatchObject({ status: 0 })
    const { status, stdout } = await griffier('verify', older, '--key', vkey, '--checkpoint', newer)
    expect(status).toBe(1)
    expect(stdout).toContain(`Checkpoints  ${newer}: does not fit, see the faults`)
  })

  it('does not steer the terminal by its names', async () => {
    const directory = vectorTrail({ 'name \u001b[2J': '' })
    const { status, stdout } = await griffier('verify', directory, '--key', vkey)
    expect(status).toBe(1)
    expect(stdout).not.toContain('\u001b')
  })
})

describe('nothing that could be read ends with 2', () => {
  it('as no directory, an empty one, and one that is no trail', async () => {
    const empty = temporaryDirectory()
    const other = temporaryDirectory()
    mkdirSync(join(other, 'photos'))
    appendFileSync(join(other, 'notes.txt'), 'hello')
    for (const directory of [join(empty, 'nowhere'), empty, join(other, 'notes.txt')]) {
      const { status, stdout, stderr } = await griffier('verify', directory, '--key', vkey)
      expect({ directory, status, stdout }).toEqual({ directory, status: 2, stdout: '' })
      expect(stderr).toMatch(/^griffier verify: ./)
    }
    const { status } = await griffier('verify', other, '--key', vkey)
    expect([1, 2]).toContain(status)
  })
})

it('reads and does not write', async () => {
  const directory = vectorTrail()
  await griffier('verify', directory, '--key', vkey)
  expect(readFileSync(join(directory, segment), 'utf8')).toBe(vector('segment'))
})
