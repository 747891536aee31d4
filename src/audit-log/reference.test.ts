import fs, { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AuditError } from '../lib/errors.ts'
import { loadReference } from './reference.ts'

const directory = mkdtempSync(join(tmpdir(), 'griffier-reference-'))
const home = process.cwd()

beforeAll(() => {
  process.chdir(directory)
  mkdirSync('node_modules/city', { recursive: true })
  writeFileSync('node_modules/city/index.js', "exports.name = 'city package'")
  writeFileSync('common.cjs', "exports.name = 'CommonJS'; exports['with#hash'] = 1")
  writeFileSync('with#hash.cjs', "exports.name = 'hash'")
  writeFileSync('module.mjs', "export const name = 'ES module'; export default 'default'")
  writeFileSync('top-level-await.mjs', 'await 1; export const name = 1')
  writeFileSync('throws.cjs', "throw new Error('out of coffee')")
  writeFileSync('text.cjs', "module.exports = 'text'")
})
afterAll(() => {
  process.chdir(home)
  rmSync(directory, { recursive: true })
})

function reasonFor(reference: string): string {
  try {
    loadReference(reference)
  } catch (thrown) {
    if (thrown instanceof AuditError && thrown.code === 'MODULE_NOT_LOADED') return thrown.message
    throw thrown
  }
  return 'loaded'
}

test('packages, relative and absolute paths and built-ins are found from the working directory', () => {
  expect(loadReference('city#name')).toBe('city package')
  expect(loadReference('./common.cjs#name')).toBe('CommonJS')
  expect(loadReference(`${join(directory, 'common.cjs')}#name`)).toBe('CommonJS')
  expect(loadReference('./module.mjs#name')).toBe('ES module')
  expect(loadReference('./module.mjs#default')).toBe('default')
  expect(loadReference('node:fs#writeSync')).toBe(fs.writeSync)
})

test('the last # separates the module from its export', () => {
  expect(loadReference('./with#hash.cjs#name')).toBe('hash')
  for (const reference of ['', '#', 'city', 'city#', '#name'])
    expect(reasonFor(reference)).toContain('not of the form module#export')
})

test('what cannot be loaded says why, in one line', () => {
  expect(reasonFor('./nowhere.js#name')).toContain("Cannot find module './nowhere.js'")
  expect(reasonFor('./top-level-await.mjs#name')).toContain('uses top-level await')
  expect(reasonFor('./throws.cjs#name')).toContain('out of coffee')
  expect(reasonFor('https://jane:secret@example.org/#name')).not.toContain('secret')
  for (const name of ['missing', 'toString', '__proto__'])
    expect(reasonFor(`./common.cjs#${name}`)).toContain(`has no export ${name}`)
  expect(reasonFor('./text.cjs#length')).toContain('has no export length')
  expect(reasonFor('./nowhere.js#name')).not.toContain('\n')
})
