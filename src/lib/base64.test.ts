import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeBase64 } from './base64.ts'

it('reads what was written', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(decodeBase64(Buffer.from(bytes).toString('base64'))).toEqual(Buffer.from(bytes))
    }),
  )
})

it.each([
  'A',
  'AA',
  'AAA',
  'AA=',
  'AB==',
  'AAB=',
  'AA==AA==',
  'AAAA=',
  '-_8=',
  'AA AA',
  'AAAA\n',
  ' AAAA',
  'AA.A',
  'é===',
])('refuses "%s", which no bytes are written as', (text) => {
  expect(decodeBase64(text)).toBeUndefined()
})
