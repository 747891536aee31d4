import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { fences, pages, regionsOf, root } from './pages.ts'

const examples = readdirSync(join(root, 'examples'))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `examples/${name}`)
const regions = new Map(examples.flatMap((path) => [...regionsOf(path)]))
const quotes = fences.filter(({ source }) => source?.startsWith('quote: '))
const nameOf = (source: string | undefined): string => source?.replace(/^\w+: /, '') ?? ''

/** A record as JSON, without what is another in each run. */
function timeless(text: string): unknown {
  const plain = text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'id')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time')
    .replace(/\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT/g, 'date')
    .replace(/"duration_ms": ?[\d.]+/g, '"duration_ms":1')
    .replace(/127\.0\.0\.1:\d+/g, 'host')
  return JSON.parse(plain)
}

describe('code in the pages', () => {
  it.each(quotes)('$source in $page is the region of the example', ({ source, code }) => {
    expect(code).toBe(regions.get(nameOf(source)))
  })

  it('quotes every region of every example', () => {
    const quoted = quotes.map(({ source }) => nameOf(source))
    expect([...regions.keys()].filter((name) => !quoted.includes(name))).toEqual([])
  })

  it('comes from an example wherever it could be run', () => {
    const loose = fences.filter(
      ({ source, language }) => source === undefined && !['sh', 'text', 'nginx'].includes(language),
    )
    expect(loose).toEqual([])
  })
})

describe('examples', () => {
  it.each(examples)(
    '%s ends by itself, and gives what the pages show',
    async (path) => {
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', path], {
        cwd: root,
        env: { ...process.env, PORT: '0' },
        timeout: 300_000,
      })
      const given = stdout
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map(timeless)
      for (const { source, code } of fences) {
        if (source === `output: ${path}`) expect(given).toContainEqual(timeless(code))
      }
    },
    300_000,
  )
})

describe('links', () => {
  const links = [...pages].flatMap(([page, text]) =>
    [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ page, target })),
  )
  it.each(links.filter(({ target }) => !target.includes('://')))(
    '$target in $page leads somewhere',
    ({ page, target }) => {
      const [path = '', anchor] = target.split('#')
      const file = path === '' ? page : normalize(join(dirname(page), path))
      expect(existsSync(join(root, file)), file).toBe(true)
      if (anchor !== undefined) expect(anchorsOf(pages.get(file) ?? '')).toContain(anchor)
    },
  )
})

function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}
