import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temporary.ts'
import { griffier } from './command.ts'
import { exchange, GrowingTrail } from './growing-trail.ts'
import { ids, vector, vectorTrail, vkey } from './vectors.ts'

const lines = vector('segment').trimEnd().split('\n')
const [, id = ''] = ids
const absent = '019ab000-0000-7000-8000-00000000ffff'

describe('key', () => {
  it('prints the verifier key, and says to keep it elsewhere', async () => {
    expect(await griffier('key', vectorTrail())).toEqual({
      status: 0,
      stdout: `${vkey}\n`,
      stderr: expect.stringMatching(/^Keep this where the machine of the trail cannot change it/),
    })
  })

  it('prints JSON for programs, and says nothing beside', async () => {
    const { stdout, stderr } = await griffier('key', vectorTrail(), '--json')
    expect(JSON.parse(stdout)).toEqual({ origin: 'example.org/bicycles/audit', keys: [vkey] })
    expect(stderr).toBe('')
  })

  it('does not print what is no key', async () => {
    const directory = vectorTrail({ 'trail.json': vector('trail.json').replace('c97228d3', 'c97228d4') })
    expect(await griffier('key', directory)).toMatchObject({ status: 2, stdout: '' })
  })
})

describe('show', () => {
  it('prints the line of the record in a pipe', async () => {
    expect(await griffier('show', vectorTrail(), id)).toEqual({ status: 0, stdout: `${lines[1]}\n`, stderr: '' })
  })

  it('finds what belongs to the exchange, from any of its records', async () => {
    const trail = new GrowingTrail()
    const [of] = [exchange(1).id]
    const member = (number: number, kind: string): string =>
      exchange(number, { kind, exchange: of, ...(kind === 'event' ? { message: 'Looked' } : {}) }).line
    const [intent, event, own, other, amendment] = [
      member(10, 'intent'),
      member(11, 'event'),
      exchange(1).line,
      exchange(2).line,
      member(12, 'amendment'),
    ]
    trail.write(intent, event)
    trail.rotate()
    trail.write(intent, own, other, amendment)
    trail.checkpoint()
    const shown = async (of: string): Promise<string> => (await griffier('show', trail.directory, of)).stdout
    expect(await shown(of)).toBe(`${[own, intent, event, amendment].join('\n')}\n`)
    expect(await shown(exchange(11).id)).toBe(`${[event, intent, own, amendment].join('\n')}\n`)
    expect(await shown(exchange(2).id)).toBe(`${other}\n`)
  })

  it('gives one object to programs, with numbers as they are in the line', async () => {
    const { stdout } = await griffier('show', vectorTrail(), id.toUpperCase(), '--json')
    expect(stdout).toBe(`{"leaf":1,"record":${lines[1]},"related":[]}\n`)
  })

  it('says what to think of a record that is not there, or not covered yet', async () => {
    const directory = vectorTrail({ checkpoint: vector('checkpoint-2') })
    for (const missing of [absent, ids[2] ?? '']) {
      expect(await griffier('show', directory, missing)).toEqual({
        status: 1,
        stdout: '',
        stderr: expect.stringMatching(
          /^griffier show: \S+ is not among the 2 records up to the newest checkpoint\. A new record is, about a second after/,
        ),
      })
    }
  })
})

describe('prove', () => {
  it('writes the proof that the format page shows', async () => {
    expect(await griffier('prove', vectorTrail(), id)).toEqual({ status: 0, stdout: vector('proof-1'), stderr: '' })
  })

  it('writes it to a new file for its owner, and over no other', async () => {
    const file = join(temporaryDirectory(), 'proof')
    expect(await griffier('prove', vectorTrail(), id, '--out', file)).toMatchObject({ status: 0, stdout: '' })
    expect(readFileSync(file, 'utf8')).toBe(vector('proof-1'))
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await griffier('prove', vectorTrail(), id, '--out', file)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: `griffier prove: ${file} cannot be made: it is there already. Give --out a new file.\n`,
    })
    expect(readFileSync(file, 'utf8')).toBe(vector('proof-1'))
  })

  it('gives one object to programs', async () => {
    const { stdout } = await griffier('prove', vectorTrail(), id, '--json')
    expect(JSON.parse(stdout)).toEqual({
      id,
      origin: 'example.org/bicycles/audit',
      leaf: 1,
      size: 3,
      proof: vector('proof-1'),
    })
  })

  it.each([0, 254, 255, 256, 257, 511, 512, 599])('holds for record %i of 600', async (leaf) => {
    const trail = new GrowingTrail()
    trail.exchanges(299)
    trail.rotate()
    trail.exchanges(300)
    trail.checkpoint()
    const file = join(temporaryDirectory(), 'proof')
    await griffier('prove', trail.directory, leaf === 0 ? (ids[0] ?? '') : exchange(leaf).id, '--out', file)
    const { status, stdout } = await griffier('verify-proof', file, '--key', vkey, '--json')
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'passed', size: 600 })
    expect(status).toBe(0)
  })

  it('says that a record is not covered yet, or not there, and makes no file', async () => {
    const file = join(temporaryDirectory(), 'proof')
    const directory = vectorTrail({ checkpoint: vector('checkpoint-2') })
    expect(await griffier('prove', directory, ids[2] ?? '', '--out', file)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('not among the 2 records'),
    })
    expect(existsSync(file)).toBe(false)
  })

  it('gives out no proof that does not hold', async () => {
    const tile = Buffer.from(vector('leaves').replaceAll('\n', ''), 'hex')
    tile[0] = (tile[0] ?? 0) ^ 1
    expect(await griffier('prove', vectorTrail({ 'tile/0/000.p/3': tile }), id)).toEqual({
      status: 1,
      stdout: '',
      stderr: 'griffier prove: the hashes of the trail do not lead to its newest checkpoint. Run griffier verify.\n',
    })
  })
})

describe('verify-proof', () => {
  function fileWith(text: string): string {
    const file = join(temporaryDirectory(), 'proof')
    writeFileSync(file, text)
    return file
  }

  it('passes a proof that holds, and shows its record', async () => {
    const { status, stdout } = await griffier('verify-proof', fileWith(vector('proof-1')), '--key', vkey)
    expect(status).toBe(0)
    expect(stdout).toMatch(/^PASSED {2}example\.org\/bicycles\/audit\n/)
    expect(stdout).toContain('record 1 of 3')
    expect(stdout).toContain('List Bicycle')
  })

  it('takes the key from a file', async () => {
    const key = fileWith(`${vkey}\n`)
    expect(await griffier('verify-proof', fileWith(vector('proof-1')), '--key', key)).toMatchObject({ status: 0 })
  })

  it.each([
    ['another place', (text: string) => text.replace('index 1', 'index 0')],
    ['another hash', (text: string) => text.replace('oLfB', 'oLfC')],
    ['another record', (text: string) => text.replace('extra eyJ', 'extra eyK')],
    ['another signature', (text: string) => text.replace('yXIo08D8', 'yXIo08D9')],
  ])('fails one with %s', async (_, change) => {
    const { status, stdout } = await griffier('verify-proof', fileWith(change(vector('proof-1'))), '--key', vkey)
    expect(status).toBe(1)
    expect(stdout).toMatch(/^FAILED/)
  })

  it('fails what is no proof', async () => {
    expect(await griffier('verify-proof', fileWith('hello\n'), '--key', vkey)).toMatchObject({ status: 1 })
  })

  it('says that nothing could be read', async () => {
    expect(await griffier('verify-proof', 'nowhere', '--key', vkey)).toMatchObject({ status: 2, stdout: '' })
  })
})
