import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { beginningOf } from '../support/places.ts'

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

/** The registry's host; none where it is this machine, of which tests speak. */
function registryHosts(): readonly string[] {
  const registry = execFileSync('npm', ['config', 'get', 'registry'], { cwd: root, encoding: 'utf8' }).trim()
  const host = URL.canParse(registry) ? new URL(registry).host : registry
  return /^(localhost|127\.0\.0\.1|\[::1\])$/.test(host) ? [] : [host]
}

it('names no registry, no directory of a machine and nothing beside the project', () => {
  const hosts = registryHosts()
  const places = [root, homedir()].filter((directory) => directory !== '/' && directory !== tmpdir()).map(beginningOf)
  const found: string[] = []
  for (const path of filesIn(root)) {
    for (const [index, line] of readFileSync(path, 'utf8').split('\n').entries()) {
      const reasons = Object.keys(foreign).filter((name) => foreign[name as keyof typeof foreign].test(line))
      const literals = hosts.filter((text) => line.includes(text))
      const directories = places.filter((place) => place.test(line)).map(String)
      for (const reason of [...reasons, ...literals, ...directories])
        found.push(`${relative(root, path)}:${index + 1}: ${reason}`)
    }
  }
  expect(found).toEqual([])
})
