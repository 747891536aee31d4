import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/** What belongs to the machine or the way that the project was made, and not to the project. */
const foreign = {
  'a registry': /\bregistry\.[a-z]|["']resolved["']: (?!["']test\/)/,
  'a directory of one machine': /(?<![\w.)\]}])\/(work|root|home)\/\w/,
  'a folder beside the project': /(?<![\w-]\/)\bshared\//,
}

const ignored = new Set([
  '.git',
  ...readFileSync(join(root, '.gitignore'), 'utf8')
    .split('\n')
    .map((line) => line.replaceAll('/', '')),
])

function* filesIn(directory: string): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (ignored.has(entry.name) || entry.name.endsWith('.tgz')) continue
    const path = join(directory, entry.name)
    if (entry.isDirectory()) yield* filesIn(path)
    else if (entry.isFile()) yield path
  }
}

function registryHost(): string {
  const registry = execFileSync('npm', ['config', 'get', 'registry'], { cwd: root, encoding: 'utf8' }).trim()
  return URL.canParse(registry) ? new URL(registry).host : registry
}

it('names no registry, no directory of a machine and nothing beside the project', () => {
  const literal = [registryHost(), `${root}/`, ...(homedir() === '/' ? [] : [`${homedir()}/`])]
  const found: string[] = []
  for (const path of filesIn(root)) {
    for (const [index, line] of readFileSync(path, 'utf8').split('\n').entries()) {
      const reasons = Object.keys(foreign).filter((name) => foreign[name as keyof typeof foreign].test(line))
      const literals = literal.filter((text) => line.includes(text))
      for (const reason of [...reasons, ...literals]) found.push(`${relative(root, path)}:${index + 1}: ${reason}`)
    }
  }
  expect(found).toEqual([])
})
