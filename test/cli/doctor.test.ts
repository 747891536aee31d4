import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { holderOf, type LockHolder } from '../../src/trail/lock-holder.ts'
import { namedPipe, temporaryDirectory } from '../support/temporary.ts'
import { eventually } from '../support/time.ts'
import { buildTrail, builtOrigin, leafHash, rootOf } from '../support/trail-builder.ts'
import { griffier } from './command.ts'
import { vector, vectorTrail } from './vectors.ts'

interface Finding {
  readonly severity: string
  readonly what: string
  readonly advice: string
}

/** What doctor finds, but for the disk, which is as full as it is. */
async function findings(directory: string): Promise<readonly Finding[]> {
  const { status, stdout, stderr } = await griffier('doctor', directory, '--json')
  expect(stderr).toBe('')
  const { findings } = JSON.parse(stdout) as { findings: Finding[] }
  expect(status).toBe(findings.some(({ severity }) => severity !== 'note') ? 1 : 0)
  for (const { what, advice } of findings) expect(`${what}. ${advice}`).not.toMatch(/undefined|NaN|\[object/)
  return findings.filter(({ what }) => !what.startsWith('the disk has'))
}

/** The findings that a sound trail of a stopped app has: its key is in the settings. */
const sound = [expect.objectContaining({ severity: 'note', what: expect.stringMatching(/^there is no .*trail\.key$/) })]

/** A trail whose last record is of now, with these members. */
function trailWith(...records: readonly object[]): string {
  const lines = records.map((record, index) => {
    const id = `019ab000-0000-7000-8000-${String(index + 10).padStart(12, '0')}`
    const line = { id, time: new Date().toISOString(), logger: 'audit_log', ...record, nonce: 'AQEBAQEBAQEBAQEBAQEBAQ' }
    return `${JSON.stringify(line)}\n`
  })
  return vectorTrail({
    'segments/000000000000.ndjson': vector('segment') + lines.join(''),
    checkpoint: vector('checkpoint-3').replace('\n3\n', `\n${3 + records.length}\n`),
  })
}

function lockOf(pid: number, changed: Partial<LockHolder> = {}): string {
  return `${JSON.stringify({ ...holderOf(pid, 'flock'), ...changed })}\n`
}

const stop = { kind: 'stop', stop: { recorded: 0, lost: 0, refused: 0 } }
const itOnPosix = it.skipIf(process.platform === 'win32')

describe('a sound trail', () => {
  it('has nothing wrong', async () => {
    expect(await findings(vectorTrail())).toEqual(sound)
  })

  it('has nothing to tell where its key lies beside it, for its owner alone', async () => {
    const directory = vectorTrail()
    writeFileSync(`${directory}.key`, 'the key', { mode: 0o600 })
    expect(await findings(directory)).toEqual([])
  })

  it('is said to be so in words, too', async () => {
    const { stdout } = await griffier('doctor', vectorTrail())
    expect(stdout).toMatch(
      /^note {5}there is no .*\n {9}That is right where .*\n\n(Nothing is wrong\.|0 faults, 1 warning\.)\n$/s,
    )
  })

  it('is not changed, and its writer not kept out', async () => {
    const { stdout } = await griffier('doctor', vectorTrail({ lock: lockOf(process.pid) }), '--json')
    expect(stdout).toContain(`the trail is held by process ${process.pid} on `)
  })
})

describe('the place', () => {
  it('that is missing', async () => {
    const directory = join(temporaryDirectory(), 'trail')
    expect(await findings(directory)).toMatchObject([{ severity: 'fault', what: `${directory} is missing` }])
  })

  it('whose parent is missing', async () => {
    const parent = join(temporaryDirectory(), 'var')
    expect(await findings(join(parent, 'trail'))).toMatchObject(
      [
        {
          severity: 'fault',
          what: `${join(parent, 'trail')} is missing, and so is ${parent}`,
          advice: /^Make the parent/,
        },
      ].map(({ advice, ...rest }) => ({ ...rest, advice: expect.stringMatching(advice) })),
    )
  })

  it('that is a file', async () => {
    expect(await findings(join(vectorTrail(), 'trail.json'))).toMatchObject([{ severity: 'fault' }])
  })

  it('that holds no trail', async () => {
    expect(await findings(temporaryDirectory())).toMatchObject([
      {
        severity: 'fault',
        what: expect.stringMatching(/ holds no trail$/),
        advice: expect.stringMatching(/trail.json/),
      },
    ])
  })

  it.each(['/', '/.', '/segments/..'])('by a path that ends in %s', async (end) => {
    const directory = vectorTrail()
    writeFileSync(`${directory}.key`, 'the key', { mode: 0o600 })
    mkdirSync(`${directory}.2`)
    expect(await findings(`${directory}${end}`)).toMatchObject([
      { severity: 'warning', what: 'the trail was not continued: trail.2 beside it' },
    ])
  })

  it('with successors beside it', async () => {
    const directory = vectorTrail()
    mkdirSync(`${directory}.2`)
    expect(await findings(directory)).toContainEqual(
      expect.objectContaining({ severity: 'warning', what: 'the trail was not continued: trail.2 beside it' }),
    )
  })

  it('of a successor, with the next one beside it, and with a trail that only looks like one', async () => {
    const trail = buildTrail(join(temporaryDirectory(), 'trail.2'))
    const follows = { origin: trail.origin, size: 3, root: rootOf(trail.lines.map(leafHash)).toString('base64') }
    const directory = trail.directory.replace('.2', '')
    buildTrail(`${directory}.3`, { origin: 'example.org/other' })
    expect((await findings(trail.directory)).filter(({ what }) => what.includes('not continued'))).toEqual([])
    buildTrail(`${directory}.4`, { origin: `${builtOrigin}/4`, follows })
    const found = await findings(trail.directory)
    expect(found).toContainEqual(
      expect.objectContaining({ severity: 'warning', what: 'the trail was not continued: trail.4 beside it' }),
    )
    expect(found).not.toContainEqual(expect.objectContaining({ what: expect.stringContaining('stop record') }))
  })

  it('without its reserve, while a writer is there', async () => {
    const directory = vectorTrail({ reserve: '', lock: lockOf(process.pid) })
    expect(await findings(directory)).toContainEqual(
      expect.objectContaining({ severity: 'warning', what: expect.stringContaining('reserve is not there') }),
    )
  })
})

describe('access', () => {
  itOnPosix('of others to a file and to the directory', async () => {
    const directory = vectorTrail()
    chmodSync(join(directory, 'checkpoint'), 0o644)
    chmodSync(directory, 0o750)
    expect(await findings(directory)).toContainEqual({
      severity: 'warning',
      what: 'others may reach into the trail: the directory and 1 more',
      advice: `chmod -R go-rwx ${directory}`,
    })
  })

  it('to the key of a successor is that to the first trail’s', async () => {
    const directory = vectorTrail()
    renameSync(directory, `${directory}.2`)
    writeFileSync(`${directory}.key`, 'the key', { mode: 0o600 })
    expect(await findings(`${directory}.2`)).toEqual([])
  })

  itOnPosix('of others to the key', async () => {
    const directory = vectorTrail()
    writeFileSync(`${directory}.key`, 'the key', { mode: 0o600 })
    chmodSync(`${directory}.key`, 0o640)
    expect(await findings(directory)).toMatchObject([
      { severity: 'fault', what: `the signing key ${directory}.key can be read by others (mode 0640)` },
    ])
  })

  it('to a key, by keeping it in the trail', async () => {
    const directory = vectorTrail({ 'audit.pem': '-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n' })
    expect(await findings(directory)).toEqual([
      expect.objectContaining({ severity: 'fault', what: 'audit.pem does not belong in a trail' }),
      expect.objectContaining({ severity: 'fault', what: 'a private key is within the trail: audit.pem' }),
      ...sound,
    ])
  })
})

describe('the lock', () => {
  it('of a process that is gone', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '0'])
    expect(await findings(vectorTrail({ lock: lockOf(pid) }))).toContainEqual(
      expect.objectContaining({
        severity: 'note',
        what: expect.stringMatching(/^the lock names process \d+ on .*gone$/),
      }),
    )
  })

  it.skipIf(process.platform !== 'linux')('of a process that is dead, though its parent does not look', async () => {
    // What a process was before it became another program has no children that this one would wait for.
    const orphaned = 'sleep 60 & exec sh -c "echo $!; exec sleep 60"'
    const parent = spawn('sh', ['-c', orphaned], { stdio: ['ignore', 'pipe', 'ignore'] })
    onTestFinished(() => void parent.kill('SIGKILL'))
    const pid = Number((await once(parent.stdout, 'data')).toString())
    const lock = lockOf(pid)
    // A shell may still wait for it, unlike the program that the shell becomes.
    await eventually(() => expect(readFileSync(`/proc/${parent.pid}/comm`, 'utf8')).toBe('sleep\n'))
    process.kill(pid, 'SIGKILL')
    await eventually(() => expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(') Z '))
    expect(await findings(vectorTrail({ lock }))).toContainEqual(
      expect.objectContaining({ severity: 'note', what: expect.stringMatching(/^the lock names .* which is gone$/) }),
    )
  })

  it.skipIf(process.platform !== 'linux')('of a machine before it was booted', async () => {
    const boot = '00000000-0000-0000-0000-000000000000'
    const stateOf = async (lock: LockHolder['lock']): Promise<string | undefined> => {
      const found = await findings(vectorTrail({ lock: lockOf(process.pid, { boot, lock }) }))
      return found.find(({ what }) => what.includes(`process ${process.pid} `))?.what
    }
    expect(await stateOf('flock')).toMatch(/which is gone$/)
    expect(await stateOf('file')).toMatch(/not of this machine or container$/)
  })

  it('of another machine', async () => {
    expect(await findings(vectorTrail({ lock: lockOf(1, { host: 'elsewhere.example' }) }))).toContainEqual(
      expect.objectContaining({ severity: 'warning', what: expect.stringContaining('process 1 on elsewhere.example') }),
    )
  })
})

describe('what is in it', () => {
  it.each(['trail.json', 'checkpoint'])('without %s', async (name) => {
    const directory = vectorTrail()
    rmSync(join(directory, name))
    expect(await findings(directory)).toEqual([
      expect.objectContaining({ severity: 'fault', what: `${name} cannot be read: it is missing` }),
      ...sound,
    ])
  })

  it('of a newer format', async () => {
    const newer = { severity: 'fault', what: 'trail.json is of a format that this release does not know' }
    expect(await findings(vectorTrail({ 'trail.json': '{"format":2}\n' }))).toContainEqual(
      expect.objectContaining({ ...newer, advice: 'Use the release that made it, or a newer one.' }),
    )
  })

  it('that does not belong there', async () => {
    const directory = vectorTrail({ 'segments/000000000000.ndjson~': '', '.swp': '', trail: '' })
    expect(await findings(directory)).toContainEqual(
      expect.objectContaining({
        severity: 'fault',
        what: '.swp, trail, segments/000000000000.ndjson~ do not belong in a trail',
      }),
    )
  })

  it('that a crash left', async () => {
    const directory = vectorTrail({
      'segments/000000000000.ndjson': `${vector('segment')}{"id":"019`,
      'control/checkpoint': 'half',
    })
    expect((await findings(directory)).map(({ severity, what }) => `${severity}: ${what}`)).toEqual([
      expect.stringMatching(/^note: there is no/),
      'note: the last line is torn: 10 bytes without an end',
      'note: control/ holds what was being made: checkpoint',
    ])
  })

  it('that a writer is about to finish, says nothing', async () => {
    const directory = vectorTrail({
      'segments/000000000000.ndjson': `${vector('segment')}{"id":"019`,
      'control/checkpoint': 'half',
      lock: lockOf(process.pid),
    })
    expect((await findings(directory)).map(({ what }) => what)).toEqual([
      expect.stringMatching(/^there is no/),
      expect.stringMatching(/^the trail is held by/),
    ])
  })

  it('that recovery set aside', async () => {
    const directory = vectorTrail({ 'damage/stray': 'x' })
    expect(await findings(directory)).toContainEqual(
      expect.objectContaining({ severity: 'warning', what: 'damage/ holds what recovery set aside: stray' }),
    )
  })
})

describe('what the trail tells', () => {
  it('of gaps', async () => {
    const gap = { kind: 'gap', gap: { lost: 3, refused: 1, first_time: null, last_time: null, reason: 'ENOSPC' } }
    expect(await findings(trailWith(gap, stop))).toContainEqual({
      severity: 'warning',
      what: 'in the last 7 days 1 gap: 3 records lost, 1 request refused',
      advice: expect.stringContaining('ENOSPC'),
    })
  })

  it('of damage and recoveries', async () => {
    const damage = { kind: 'damage', damage: { file: 'x', offset: 0, bytes: 1 } }
    const recovery = { kind: 'recovery', recovery: { size: 3, torn_bytes: 0, tiles: 0, interrupted: 2 } }
    const found = await findings(trailWith(damage, recovery, stop))
    expect(found.map(({ severity, what }) => `${severity}: ${what}`)).toEqual([
      'warning: in the last 7 days 1 damage record',
      expect.stringMatching(/^note: there is no/),
      'note: in the last 7 days 1 recovery, 2 interrupted exchanges',
    ])
  })

  it('of loss that nobody knows the size of', async () => {
    const recovery = {
      kind: 'recovery',
      recovery: { size: 3, torn_bytes: 0, tiles: 0, interrupted: 0, unknown_loss: { first_time: 'a', last_time: 'b' } },
    }
    expect(await findings(trailWith(recovery, stop))).toContainEqual(
      expect.objectContaining({ severity: 'warning', what: expect.stringContaining('unknown loss in 1') }),
    )
  })

  it('of an end that was none', async () => {
    expect(await findings(trailWith({ type: 'INFO', message: 'last words' }))).toContainEqual(
      expect.objectContaining({
        severity: 'warning',
        what: expect.stringContaining('does not end with a stop record'),
      }),
    )
  })

  it('by a checkpoint that grows old while somebody holds it', async () => {
    const directory = vectorTrail({ lock: lockOf(process.pid) })
    const hourAgo = new Date(Date.now() - 3_600_000)
    utimesSync(join(directory, 'checkpoint'), hourAgo, hourAgo)
    expect(await findings(directory)).toContainEqual(
      expect.objectContaining({
        severity: 'warning',
        what: expect.stringMatching(/^the newest checkpoint is 60 minutes old/),
      }),
    )
  })
})

itOnPosix('waits for no pipe in a file’s place', async () => {
  const directory = vectorTrail()
  for (const path of ['lock', 'checkpoint', 'segments/000000000000.ndjson', 'reserve']) {
    rmSync(join(directory, path))
    renameSync(namedPipe(), join(directory, path))
  }
  expect(await findings(directory)).toContainEqual(
    expect.objectContaining({ severity: 'fault', what: expect.stringContaining('checkpoint cannot be read') }),
  )
})

it('says what it could not look at, and goes on', async () => {
  const directory = vectorTrail()
  rmSync(join(directory, 'segments'), { recursive: true })
  writeFileSync(join(directory, 'segments'), '')
  expect(await findings(directory)).toContainEqual(
    expect.objectContaining({ severity: 'warning', what: expect.stringMatching(/^records could not be looked at: /) }),
  )
})
