import { describe, expect, it } from 'vitest'
import { resolveSettings } from '../../src/audit-log/resolve-settings.ts'
import { settingsTable } from '../../src/audit-log/settings-table.ts'
import { AuditError } from '../../src/lib/errors.ts'
import { pages } from './pages.ts'

const page = pages.get('docs/settings.md') ?? ''
const sections = [...page.matchAll(/^### `(\w+)`\n\n`(\w+)=(.+?)` · default(.*)$/gm)].map(
  ([, name = '', variable = '', example = '', fallback = '']) => ({
    name: name as keyof typeof settingsTable,
    variable,
    example,
    fallback,
  }),
)
const wrong = [...page.matchAll(/^Wrong: `(.+?)` gives `(.+)`$/gm)].map(([, given = '', fault = '']) => ({
  given,
  fault,
}))

function faultsOf(settings: unknown, environment: Record<string, string> = {}): readonly string[] {
  try {
    resolveSettings(settings, environment)
    return []
  } catch (error) {
    return error instanceof AuditError ? error.faults : [String(error)]
  }
}

describe('the page of settings', () => {
  it('has every setting', () => {
    expect(sections.map(({ name }) => name).sort()).toEqual(Object.keys(settingsTable).sort())
  })

  it.each(sections)('$name: its variable is read, and its example is another value than the default', (section) => {
    const { name, variable, example } = section
    const read = (): unknown => resolveSettings({}, { [variable]: example })[name]
    if (example.startsWith('./')) expect(faultsOf({}, { [variable]: example })[0]).toContain(variable)
    else if (name === 'guarantee') expect(read()).toBe(example)
    else expect(read()).not.toEqual(settingsTable[name].fallback.value)
  })

  it.each(sections)('$name: its default is the one in force', ({ name, fallback }) => {
    const { value } = settingsTable[name].fallback
    const isPlain = typeof value !== 'object' || Array.isArray(value)
    if (value !== undefined && isPlain) expect(fallback).toBe(` \`${JSON.stringify(value)}\``)
    else expect(fallback).toMatch(/^: ./)
  })

  it('shows a fault of every setting', () => {
    const shown = wrong.map(({ fault }) => /^\w+/.exec(fault)?.[0])
    expect([...new Set(shown)].sort()).toEqual(Object.keys(settingsTable).sort())
  })

  it.each(wrong)('$given gives this fault', ({ given, fault }) => {
    expect(faultsOf(new Function(`return ${given}`)())).toEqual([fault])
  })
})
