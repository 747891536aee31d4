import { describe, expect, it } from 'vitest'
import { key, verify } from './scratch.ts'
import {
  checkpointOf,
  contentsOf,
  filesOf,
  headerOf,
  keyOf,
  origin,
  signedNote,
  startLine,
  vkeyOf,
} from './trail-builder.ts'

const contents = contentsOf(3)
const files = filesOf(contents)
const stranger = keyOf(9)
const witness = 'witness.example'

/** The trail with one more signature line below its checkpoint: of this text, by a witness. */
function cosigned(text: string): ReadonlyMap<string, Buffer> {
  const [, signature = ''] = signedNote(text, stranger, witness).toString().split('\n\n')
  return new Map([...files, ['checkpoint', Buffer.from(`${files.get('checkpoint')}${signature}`)]])
}
const [text] = `${files.get('checkpoint')}`.split('\n\n')
const byWitness = cosigned(`${text}\n`)
const byWitnessOfOther = cosigned('anything else\n')

describe('the key that is given', () => {
  it('may be one of several', async () => {
    expect(await verify(files, { keys: [vkeyOf(origin, stranger), key] })).toMatchObject({ verdict: 'passed' })
  })

  it('must have signed', async () => {
    const verdict = await verify(files, { keys: [vkeyOf(origin, stranger)] })
    expect(verdict).toMatchObject({ verdict: 'failed', size: 0, faults: [{ code: 'SIGNATURE' }] })
  })

  it('must be that of the trail, not of somebody who signed too', async () => {
    expect(await verify(byWitness, { keys: [vkeyOf(witness, stranger)] })).toMatchObject({
      faults: [{ code: 'SIGNATURE' }],
    })
    expect(await verify(byWitness, { keys: [key, vkeyOf(witness, stranger)] })).toMatchObject({ verdict: 'passed' })
  })

  it('must not have signed anything else, whoever has it', async () => {
    const both = { keys: [key, vkeyOf(witness, stranger)] }
    expect(await verify(byWitnessOfOther, both)).toMatchObject({ faults: [{ code: 'SIGNATURE' }] })
    expect(await verify(byWitnessOfOther)).toMatchObject({ verdict: 'passed' })
  })
})

describe('without a key', () => {
  it('the signature must be right all the same, by a key of trail.json', async () => {
    expect(await verify(files, { keys: [] })).toMatchObject({ verdict: 'consistent', size: 3 })
    const header = headerOf(origin, stranger)
    const other = { ...contents, header, lines: contents.lines.with(0, startLine(0, header)) }
    expect(await verify(filesOf(other), { keys: [] })).toMatchObject({ faults: [{ code: 'SIGNATURE' }] })
  })

  it.each([
    ['MISSING', undefined],
    ['HEADER', '{"format":1}\n'],
    ['VERSION', '{"format":2}\n'],
  ])('no signature is called wrong where trail.json, which has the keys, is at fault: %s', async (code, header) => {
    const changed = new Map(files)
    if (header === undefined) changed.delete('trail.json')
    else changed.set('trail.json', Buffer.from(header))
    const { verdict, size, faults } = await verify(changed, { keys: [] })
    expect({ verdict, size }).toEqual({ verdict: 'failed', size: 0 })
    expect(faults.filter(({ file }) => file === 'checkpoint')).toEqual([])
    expect(faults[0]).toMatchObject({ code, file: 'trail.json' })
  })

  it('an older checkpoint shows a change by whoever has the signing key', async () => {
    const checkpoints = [{ name: 'older', bytes: checkpointOf({ ...contents, lines: contents.lines.toReversed() }, 2) }]
    const verdict = await verify(files, { keys: [], checkpoints })
    expect(verdict).toMatchObject({ verdict: 'failed', faults: [{ code: 'OLDER_DIFFERS', file: 'older' }] })
  })
})

describe('an older checkpoint', () => {
  const older = async (bytes: Buffer | string) =>
    await verify(files, { checkpoints: [{ name: 'older', bytes: Buffer.from(bytes) }] })

  it.each([
    ['OLDER_FORM', 'not a note', 'x'],
    ['OLDER_FORM', 'of another trail', checkpointOf(contents, 2, contents.key, 'example.org/other')],
    ['OLDER_SIGNATURE', 'signed by another key', checkpointOf(contents, 2, stranger)],
    ['OLDER_AHEAD', 'of more records', checkpointOf(contentsOf(4), 4)],
    ['OLDER_DIFFERS', 'of other records', checkpointOf({ ...contents, lines: contents.lines.toReversed() }, 2)],
  ])('gives %s where it is %s', async (code, _what, bytes) => {
    expect(await older(bytes)).toMatchObject({
      verdict: 'failed',
      size: 3,
      faults: [{ code, file: 'older' }],
      checkpoints: [{ name: 'older', ok: false }],
    })
  })
})
