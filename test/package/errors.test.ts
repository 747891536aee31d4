import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AuditError, type ErrorCode, errorCatalogue } from '../../src/lib/errors.ts'

const root = resolve(import.meta.dirname, '../..')
const codes = Object.keys(errorCatalogue) as ErrorCode[]

function sources(): string {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== join('lib', 'errors.ts'))
    .map((name) => readFileSync(join(root, 'src', name), 'utf8'))
    .join('\n')
}

describe('the list of errors', () => {
  it('is the list of headings in docs/errors.md', () => {
    const page = readFileSync(join(root, 'docs/errors.md'), 'utf8')
    const headings = [...page.matchAll(/^#+ +`?([A-Z]+(?:_[A-Z]+)+)`?/gm)].map(([, code]) => code)
    expect(headings.sort()).toEqual([...codes].sort())
  })

  it('has no code that nothing reports', () => {
    const text = sources()
    expect(codes.filter((code) => !text.includes(`'${code}'`))).toEqual([])
  })

  it.each(codes)('%s is told in whole sentences', (code) => {
    expect(errorCatalogue[code]).toMatch(/\.$/)
  })

  it('fills in what is known and keeps single faults apart', () => {
    const error = new AuditError('SETTINGS_INVALID', { faults: ['a is no list', 'b is unknown'] })
    expect(error).toMatchObject({
      name: 'AuditError',
      code: 'SETTINGS_INVALID',
      faults: ['a is no list', 'b is unknown'],
    })
    expect(error.message).toContain('a is no list; b is unknown')
  })
})
