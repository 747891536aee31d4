import { describe, expect, it } from 'vitest'
import schema from '../../src/record/record.schema.json' with { type: 'json' }
import { createRedactor } from '../../src/record/redaction.ts'
import { valueText } from '../../src/record/value.ts'
import { pages } from './pages.ts'

const page = pages.get('docs/record.md') ?? ''
const redactor = createRedactor({}, () => undefined)

describe('the page of the record', () => {
  const table = /^<!-- values -->\n((?:\|.*\n)+)/m.exec(page)?.[1] ?? ''
  const rows = [...table.matchAll(/^\| (.+?) \| `(.+)` \| `(.+)` \|$/gm)].map(([, kind, given, written]) => ({
    kind,
    given,
    written,
  }))

  it('lists values', () => expect(rows.length).toBeGreaterThan(20))

  it.each(rows)('$kind is written as it says', ({ given, written }) => {
    const value: unknown = new Function(`const x = []; return (${given})`)()
    expect(JSON.parse(valueText(value, redactor))).toEqual(JSON.parse(written ?? ''))
  })

  it('has every field of the schema', () => {
    const fields = page.slice(page.indexOf('## Fields'), page.indexOf('## Outcomes'))
    const missing = Object.keys(schema.properties).filter((name) => !new RegExp(`\`${name}[\`.]`).test(fields))
    expect(missing).toEqual([])
  })

  it('has every outcome, kind and level', () => {
    const { outcome, kind, type } = schema.properties
    const missing = [...outcome.enum, ...kind.enum, ...type.enum].filter((name) => !page.includes(`\`${name}\``))
    expect(missing).toEqual([])
  })
})
