import { describe, expect, it } from 'vitest'
import { createRedactor } from '../../src/record/redaction.ts'
import { pages, read } from './pages.ts'

const page = pages.get('docs/privacy.md') ?? ''
const source = read('src/record/secret-names.ts')
const redactor = createRedactor({}, () => undefined)

/** The names that a paragraph of the page lists before it says what else counts. */
function listed(paragraph: string): readonly string[] {
  const text = new RegExp(`^\\*\\*${paragraph}\\*\\*(.+?)every name`, 'ms').exec(page)?.[1] ?? ''
  return [...text.matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name)
}

function parts(paragraph: string): readonly string[] {
  const text =
    new RegExp(`^\\*\\*${paragraph}\\*\\*.+?every name\\s+that contains (.+?)\\.`, 'ms').exec(page)?.[1] ?? ''
  return [...text.matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name)
}

/** The names of a list of the source. */
function inSource(list: string): readonly string[] {
  const text = new RegExp(`^const ${list} =\\s+('[^']*'(?:\\s*\\+\\s*'[^']*')*)`, 'm').exec(source)?.[1] ?? ''
  return [...text.matchAll(/'([^']*)'/g)].flatMap(([, names = '']) => names.trim().split(' '))
}

describe('the page of privacy', () => {
  it.each([
    ['Headers', 'secretHeaders', 'secretHeaderParts'],
    ['Query parameters', 'secretParameters', 'secretParameterParts'],
  ])('%s: has the whole list, and no more', (paragraph, exact, within) => {
    expect(listed(paragraph)).toEqual(inSource(exact))
    expect(parts(paragraph)).toEqual(inSource(within))
  })

  it('says of each name that it is redacted, and it is', () => {
    const shownHeaders = listed('Headers').filter((name) => redactor.header(name, 'x') !== 'REDACTED')
    const shownParameters = listed('Query parameters').filter(
      (name) => redactor.url(`/?${name}=x`) !== `/?${name}=REDACTED`,
    )
    expect([...shownHeaders, ...shownParameters]).toEqual([])
    expect(redactor.url('/?state=x')).toBe('/?state=x')
    expect(['code', 'key', 'email'].filter((name) => redactor.key(name).isSecret)).toEqual([])
  })

  it('says what strict leaves of a message, and it does', () => {
    const strict = createRedactor({ privacy: 'strict', redact: { keys: ['plate'] } }, () => undefined)
    expect(strict.text('Opened plate=7 colour=red')).toBe('Opened plate=7 colour=REDACTED')
  })
})
