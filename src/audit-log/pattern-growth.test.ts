import { mkdirSync, writeFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { temporaryDirectory } from '../../test/support/temporary.ts'
import { exponentialPatterns } from './pattern-growth.ts'
import { resolveSettings } from './resolve-settings.ts'

const home = process.cwd()
afterEach(() => process.chdir(home))

const mixed = [/^\/health/, /^(a+)+$/, /a*a*b/, /^\/(\w|_)*$/i, /\p{L}+/u]

test('patterns of exponential growth are found, polynomial ones are let through', () => {
  expect(exponentialPatterns(mixed)).toEqual([1, 3])
})

test('without recheck nothing is found, and nothing fails', () => {
  process.chdir(temporaryDirectory())
  expect(exponentialPatterns(mixed)).toEqual([])
})

test('a recheck that cannot be used is a fault, so that nobody trusts a check that was not made', () => {
  process.chdir(temporaryDirectory())
  mkdirSync('node_modules/recheck/lib', { recursive: true })
  writeFileSync('node_modules/recheck/lib/browser.js', 'exports.other = 1')
  expect(() => resolveSettings({ exemptUrls: ['^/health'] }, {})).toThrow(
    /exemptUrls: recheck is installed, but failed/,
  )
  expect(resolveSettings({}, {}).exemptUrls).toEqual([])
})
