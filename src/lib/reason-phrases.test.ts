import { STATUS_CODES } from 'node:http'
import { expect, test } from 'vitest'
import { isStandardPhrase, reasonPhrase } from './reason-phrases.ts'

test('names follow RFC 9110, whatever this version of Node calls them', () => {
  expect(reasonPhrase(413)).toBe('Content Too Large')
  expect(reasonPhrase(422)).toBe('Unprocessable Content')
  expect(reasonPhrase(404)).toBe('Not Found')
  expect(reasonPhrase(299)).toBeUndefined()
})

test('every phrase that Node sends by itself counts as a standard one', () => {
  for (const [status, phrase] of Object.entries(STATUS_CODES)) {
    expect(isStandardPhrase(Number(status), phrase ?? ''), `${status} ${phrase}`).toBe(true)
  }
})

test("a phrase of the app's own does not", () => {
  expect(isStandardPhrase(418, 'Short And Stout')).toBe(false)
  expect(isStandardPhrase(404, 'OK')).toBe(false)
  expect(isStandardPhrase(299, 'Odd')).toBe(false)
})
