import { expect, test } from 'vitest'
import { nearest } from './nearest.ts'

const names = ['enabled', 'exemptUrls', 'key', 'keyId']

test('a slip of the keyboard or of letter case is recognised', () => {
  expect(nearest('exempturls', names)).toBe('exemptUrls')
  expect(nearest('exmptUrl', names)).toBe('exemptUrls')
  expect(nearest('enable', names)).toBe('enabled')
  expect(nearest('keyID', names)).toBe('keyId')
  expect(nearest('keys', names)).toBe('key')
})

test('a word that resembles none has no suggestion, however long it is', () => {
  expect(nearest('trail', names)).toBeUndefined()
  expect(nearest('abc', names)).toBeUndefined()
  expect(nearest('', names)).toBeUndefined()
  expect(nearest('enabled'.repeat(100_000), names)).toBeUndefined()
})
