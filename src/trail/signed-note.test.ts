import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSigner, parseNote, type Signer, signNote, verifyNote } from './signed-note.ts'

// The example of c2sp.org/signed-note.
const published = `Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
`
const line = '— a AAAAAQI='

function signer(name = 'example.org/audit'): Signer {
  return createSigner(name, generateKeyPairSync('ed25519').privateKey)
}

function bytes(note: string): Buffer {
  return Buffer.from(note)
}

const refused = expect.objectContaining({ code: 'TRAIL_NOTE_REFUSED' })

describe('a note', () => {
  it('of the specification is read', () => {
    expect(parseNote(bytes(published))).toMatchObject({
      text: 'Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n',
      signatures: [{ name: 'quasimodo.example/salvatore', keyId: '367ba04b' }],
    })
  })

  it('that was signed verifies, whatever its text', () => {
    const one = signer()
    const lines = fc.string({ unit: 'grapheme' }).filter((text) => !/\p{Control}/u.test(text))
    const texts = fc.array(lines).map((all) => `${all.join('\n')}\n`)
    fc.assert(
      fc.property(texts, (text) => {
        expect(verifyNote(bytes(signNote(text, one)), [one.verifierKey])).toEqual({ text, signedBy: [one.verifierKey] })
      }),
    )
  })

  it('names who signed it among the keys that are known, and ignores others', () => {
    const [old, current, stranger] = [signer(), signer(), signer('witness.example')]
    const note = bytes(signNote('text\n', stranger, old, current, old))
    const keys = [current.verifierKey, old.verifierKey, signer().verifierKey]
    expect(verifyNote(note, keys).signedBy).toEqual([old.verifierKey, current.verifierKey])
    expect(verifyNote(note, [current.verifierKey]).signedBy).toEqual([current.verifierKey])
    expect(parseNote(note)?.signatures.map(({ name }) => name)).toEqual([
      'witness.example',
      'example.org/audit',
      'example.org/audit',
      'example.org/audit',
    ])
  })

  it('is refused when no known key signed it', () => {
    const one = signer()
    const note = bytes(signNote('text\n', one))
    expect(() => verifyNote(note, [])).toThrow(refused)
    expect(() => verifyNote(note, [signer().verifierKey])).toThrow(refused)
    expect(() => verifyNote(note, [{ ...one.verifierKey, name: 'example.org/other' }])).toThrow(refused)
  })

  it('is refused when one bit of it is another', () => {
    const one = signer()
    const note = bytes(signNote('example.org/audit\n0\nroot\n', one))
    for (let bit = 0; bit < note.length * 8; bit++) {
      const changed = Buffer.from(note)
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(() => verifyNote(changed, [one.verifierKey])).toThrow(refused)
    }
  })

  it('is refused for a wrong signature of a known key, beside a right one too', () => {
    const one = signer()
    const [, , right] = signNote('text\n', one).split('\n')
    const [, , wrong] = signNote('other\n', one).split('\n')
    expect(() => verifyNote(bytes(`text\n\n${right}\n${wrong}\n`), [one.verifierKey])).toThrow(refused)
  })

  it('takes 100 signatures and no more', () => {
    expect(parseNote(bytes(`text\n\n${`${line}\n`.repeat(100)}`))?.signatures).toHaveLength(100)
    expect(parseNote(bytes(`text\n\n${`${line}\n`.repeat(101)}`))).toBeUndefined()
  })

  it('takes a million bytes and no more', () => {
    const rest = `\n\n${line}\n`
    const text = 'a'.repeat(1_000_000 - Buffer.byteLength(rest))
    expect(parseNote(bytes(text + rest))).toBeDefined()
    expect(parseNote(bytes(`a${text}${rest}`))).toBeUndefined()
  })

  it.each([
    ['an empty first line', `\n\n${line}\n`, '\n'],
    ['empty lines', `a\n\n\n\n${line}\n`, 'a\n\n\n'],
    ['a byte order mark', `\ufeffa\n\n${line}\n`, '\ufeffa\n'],
    ['what looks like a signature', `a\n\n${line}\n\n${line}\n`, `a\n\n${line}\n`],
    ['a line separator', `a\u2028b\n\n${line}\n`, 'a\u2028b\n'],
  ])('may have %s in its text', (_, note, text) => {
    expect(parseNote(bytes(note))?.text).toBe(text)
  })

  it.each([
    ['nothing', ''],
    ['no text', `\n${line}\n`],
    ['no blank line', `a\n${line}\n`],
    ['no signature', 'a\n\n'],
    ['an empty signature line', 'a\n\n\n'],
    ['no newline at its end', `a\n\n${line}`],
    ['something behind its signatures', `a\n\n${line}\nb\n`],
    ['something before a signature', `a\n\nb\n${line}\n`],
    ['a tab', `a\tb\n\n${line}\n`],
    ['a carriage return', `a\r\n\n${line}\n`],
    ['carriage returns throughout', `a\r\n\r\n${line}\r\n`],
    ['a zero byte', `a\0\n\n${line}\n`],
    ['a hyphen for the dash', `a\n\n- a AAAAAQI=\n`],
    ['no space behind the dash', `a\n\n—a AAAAAQI=\n`],
    ['no name', `a\n\n—  AAAAAQI=\n`],
    ['a plus in a name', `a\n\n— a+b AAAAAQI=\n`],
    ['a wide space in a name', `a\n\n— a\u3000b AAAAAQI=\n`],
    ['two spaces', `a\n\n— a  AAAAAQI=\n`],
    ['a space at the end', `a\n\n— a AAAAAQI= \n`],
    ['no signature behind the name', `a\n\n— a\n`],
    ['an empty signature behind the name', `a\n\n— a \n`],
    ['a key id alone', `a\n\n— a AAAAAQ==\n`],
    ['base64 without padding', `a\n\n— a AAAAAQI\n`],
    ['base64 of other bits', `a\n\n— a AAAAAQJ=\n`],
    ['base64url', `a\n\n— a AAAAAQI-_w==\n`],
  ])('with %s is none', (_, note) => {
    expect(parseNote(bytes(note))).toBeUndefined()
    expect(() => verifyNote(bytes(note), [signer().verifierKey])).toThrow(refused)
  })

  it('that is not UTF-8 is none', () => {
    const note = bytes(`aé\n\n${line}\n`)
    expect(parseNote(note)).toBeDefined()
    note[2] = 0x41
    expect(parseNote(note)).toBeUndefined()
  })

  it.each(['', 'a', 'a\t\n', 'a\r\n', 'a\0\n', '\ud800\n'])('of the text %j cannot be signed', (text) => {
    expect(() => signNote(text, signer())).toThrow(RangeError)
  })

  it.each(['', 'a b', 'a+b'])('cannot be signed as "%s"', (name) => {
    expect(() => signer(name)).toThrow(RangeError)
  })
})
