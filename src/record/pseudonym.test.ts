import { expect, test } from 'vitest'
import { createPseudonymizer } from './pseudonym.ts'

const pseudonym = createPseudonymizer({ key: 'Jefe', keyId: 'k1', fields: ['email', 'id'] })

test('a named field becomes the keyed HMAC of its value, as RFC 4231 computes it', () => {
  expect(pseudonym('email', 'what do ya want for nothing?')).toBe(
    'hmac-sha256:k1:5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  )
})

test('equal values have equal pseudonyms, different ones do not', () => {
  expect(pseudonym('email', 'jane@example.org')).toBe(pseudonym('id', 'jane@example.org'))
  expect(pseudonym('email', 'jane@example.org')).not.toBe(pseudonym('email', 'john@example.org'))
})

test('another key gives other pseudonyms; a key may be bytes', () => {
  const bytes = createPseudonymizer({ key: Buffer.from('Jefe'), keyId: 'k1', fields: ['email'] })
  const other = createPseudonymizer({ key: 'other', keyId: 'k2', fields: ['email'] })
  expect(bytes('email', 'a')).toBe(pseudonym('email', 'a'))
  expect(other('email', 'a')).not.toBe(pseudonym('email', 'a').replace('k1', 'k2'))
})

test('other fields and empty values stay', () => {
  expect(pseudonym('provider', 'keycloak')).toBe('keycloak')
  expect(pseudonym('email', '')).toBe('')
})

test('many users later, the pseudonym is still the same', () => {
  const before = pseudonym('id', 'first')
  for (let i = 0; i < 3000; i++) pseudonym('id', `user${i}`)
  expect(pseudonym('id', 'first')).toBe(before)
})
