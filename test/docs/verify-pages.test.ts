import { describe, expect, it } from 'vitest'
import { faultCatalogue } from '../../src/verify/fault.ts'
import { topLevel } from '../../src/verify/look.ts'
import { threatTable } from '../verify/tampering.ts'
import { pages } from './pages.ts'

const verifying = pages.get('docs/verify.md') ?? ''

describe('the page of verifying', () => {
  it('lists every fault, and no other', () => {
    const section = verifying.slice(verifying.indexOf('## Faults'), verifying.indexOf('## A single record'))
    const listed = [...section.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code)
    expect(listed).toEqual(Object.keys(faultCatalogue))
  })

  it('says each in a whole sentence', () => {
    expect(Object.values(faultCatalogue).filter((text) => !/^[A-Zt].+\.$/.test(text))).toEqual([])
  })
})

describe('the page of threats', () => {
  it('has the table that the tests of tampering keep', () => {
    const [, table] = /^<!-- tampering -->\n((?:\|.*\n)+)/m.exec(pages.get('docs/threats.md') ?? '') ?? []
    expect(table).toBe(threatTable())
  })
})

describe('the format', () => {
  it('names all that may be in the directory', () => {
    const [, tree = ''] = /^```text\n<directory>\/.*\n((?:.*\n)+?)```/m.exec(pages.get('docs/format.md') ?? '') ?? []
    const named = [...tree.matchAll(/^ {2}([\w.-]+)/gm)].map(([, name]) => name)
    expect([...new Set(named)].sort()).toEqual([...topLevel.keys()].sort())
  })
})
