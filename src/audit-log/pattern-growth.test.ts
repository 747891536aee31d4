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

test('a pattern is looked at again where the process stood still meanwhile, and not where it was at work', () => {
  process.chdir(temporaryDirectory())
  mkdirSync('node_modules/recheck/lib', { recursive: true })
  writeFileSync(
    'node_modules/recheck/lib/browser.js',
    `let looks = 0
    exports.checkSync = (source, _flags, { timeout }) => {
      const before = process.cpuUsage()
      const usedMs = () => Object.values(process.cpuUsage(before)).reduce((sum, part) => sum + part / 1_000, 0)
      while (source === 'hard' && usedMs() < timeout) Math.hypot(1, 2)
      if (source === 'hard' || looks++ === 0) return { status: 'unknown', error: { kind: 'timeout' } }
      return { status: 'vulnerable', complexity: { type: 'exponential' } }
    }`,
  )
  expect(exponentialPatterns([/soft/, /hard/])).toEqual([0])
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
