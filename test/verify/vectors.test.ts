import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyProof } from '../../src/verify/verify-proof.ts'
import { verifyTrail } from '../../src/verify/verify-trail.ts'

const page = readFileSync(new URL('../../docs/format.md', import.meta.url), 'utf8')
const vectors = new Map(
  [...page.matchAll(/^```\w+ ([\w.-]+)\n(.*?)^```$/gms)].map(([, name = '', text = '']) => [name, text]),
)
const vector = (name: string): string => vectors.get(name) ?? ''
const key = vector('vkey').trim()

describe('the test vectors of the format', () => {
  let directory: string

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'griffier-vectors-'))
    mkdirSync(join(directory, 'segments'))
    mkdirSync(join(directory, 'tile/0/000.p'), { recursive: true })
    writeFileSync(join(directory, 'trail.json'), vector('trail.json'))
    writeFileSync(join(directory, 'segments/000000000000.ndjson'), vector('segment'))
    writeFileSync(join(directory, 'tile/0/000.p/3'), Buffer.from(vector('leaves').replaceAll('\n', ''), 'hex'))
    writeFileSync(join(directory, 'checkpoint'), vector('checkpoint-3'))
  })
  afterAll(() => rmSync(directory, { recursive: true }))

  it('are a whole trail, which an older checkpoint fits', async () => {
    const checkpoints = [{ name: 'checkpoint-2', bytes: Buffer.from(vector('checkpoint-2')) }]
    const verdict = await verifyTrail(directory, { keys: [key], checkpoints })
    expect(verdict).toMatchObject({
      verdict: 'passed',
      origin: 'example.org/bicycles/audit',
      size: 3,
      time: '2026-11-25T09:00:02.000Z',
      unproven: { records: 0, bytes: 0, firstTime: null },
      account: { starts: 1, stops: 1 },
      faults: [],
      checkpoints: [{ name: 'checkpoint-2', size: 2, ok: true }],
    })
    expect(Buffer.from(verdict.root ?? '', 'base64').toString('hex')).toBe(vector('roots').split('\n')[3])
  })

  it('are consistent without a key', async () => {
    expect(await verifyTrail(directory)).toMatchObject({ verdict: 'consistent', size: 3 })
  })

  it('have a proof of a record', () => {
    const verdict = verifyProof(Buffer.from(vector('proof-1')), [key])
    expect(verdict).toMatchObject({ verdict: 'passed', origin: 'example.org/bicycles/audit', leaf: 1, size: 3 })
    expect(verdict.line).toBe(vector('segment').split('\n')[1])
  })
})
