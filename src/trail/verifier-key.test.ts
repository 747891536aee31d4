import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatVerifierKey, isKeyName, parseVerifierKey, verifierKeyOf } from './verifier-key.ts'

const seed = Buffer.from(Array.from({ length: 32 }, (_, index) => index))
const privateKey = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
  format: 'der',
  type: 'pkcs8',
})
const text = 'example.org/fietsen-api/audit+fddb610a+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4'

describe('a verifier key', () => {
  it('has the text of the published vector', () => {
    const key = verifierKeyOf('example.org/fietsen-api/audit', createPublicKey(privateKey))
    expect(formatVerifierKey(key)).toBe(text)
    expect(key.id).toBe('fddb610a')
  })

  it('is read back from its text', () => {
    const key = parseVerifierKey(text)
    expect(key).toMatchObject({ name: 'example.org/fietsen-api/audit', id: 'fddb610a' })
    expect(key?.publicKey.equals(createPublicKey(privateKey))).toBe(true)
  })

  it('of any name and key is read back from its text', () => {
    const names = fc.string({ unit: 'grapheme', minLength: 1 }).filter(isKeyName)
    fc.assert(
      fc.property(names, (name) => {
        const key = verifierKeyOf(name, generateKeyPairSync('ed25519').publicKey)
        expect(parseVerifierKey(formatVerifierKey(key))).toMatchObject({ name, id: key.id })
      }),
    )
  })

  it.each([
    ['nothing', ''],
    ['no key', 'example.org/fietsen-api/audit+fddb610a'],
    ['no id', 'example.org/fietsen-api/audit+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4'],
    ['no name', text.replace(/^[^+]+/, '')],
    ['another name', text.replace('audit', 'other')],
    ['a space in its name', text.replace('audit', 'au dit')],
    ['another id', text.replace('fddb', 'fddc')],
    ['capitals in its id', text.replace('fddb', 'FDDB')],
    ['another type', text.replace('+AQ', '+BA')],
    ['another key', text.replace('hB7', 'hB8')],
    ['a short key', text.slice(0, -4)],
    ['base64 of other bits', `${text.slice(0, -1)}5=`],
    ['base64 with a space', text.replace('zzhC', 'zzhC ')],
    ['a newline at its end', `${text}\n`],
  ])('with %s is none', (_, changed) => {
    expect(parseVerifierKey(changed)).toBeUndefined()
  })
})

describe('the name of a key', () => {
  it.each(['a', 'example.org/audit', 'prüfung', '审计', '🚲', 'a"b', '—'])('"%s" is one', (name) => {
    expect(isKeyName(name)).toBe(true)
  })

  it.each([
    '',
    ' ',
    'a b',
    'a+b',
    'a\nb',
    'a\tb',
    'a\u0000b',
    'a\u0085b',
    'a\u00a0b',
    'a\u2003b',
    'a\u2028b',
    'a\u3000b',
    'a\ud800',
  ])('%j is none', (name) => {
    expect(isKeyName(name)).toBe(false)
  })
})
