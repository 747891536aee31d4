import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { temporaryDirectory } from '../support/temporary.ts'

const page = readFileSync(resolve(import.meta.dirname, '../../docs/format.md'), 'utf8')

/** A test vector of the format's page. */
export function vector(name: string): string {
  const text = new RegExp(`^\`\`\`\\w+ ${name}\\n(.*?)^\`\`\`$`, 'ms').exec(page)?.[1]
  if (text === undefined) throw new Error(`the format's page has no vector ${name}`)
  return text
}

/** The ids of the three records of the vectors: a start, an exchange, a stop. */
export const ids: readonly string[] = [...vector('segment').matchAll(/^\{"id":"([^"]+)"/gm)].map(([, id = '']) => id)

export const vkey: string = vector('vkey').trim()

/** The trail of the vectors in a directory of its own, as a writer would have left it; `changed` files, by their path, are put in place of its own. */
export function vectorTrail(changed: Readonly<Record<string, string | Buffer>> = {}): string {
  const directory = join(temporaryDirectory(), 'trail')
  const files = {
    'trail.json': vector('trail.json'),
    'segments/000000000000.ndjson': vector('segment'),
    'tile/0/000.p/3': Buffer.from(vector('leaves').replaceAll('\n', ''), 'hex'),
    checkpoint: vector('checkpoint-3'),
    lock: '',
    reserve: Buffer.alloc(65_536),
    ...changed,
  }
  for (const name of ['control', 'damage', 'cursors', 'dead-letter']) {
    mkdirSync(join(directory, name), { recursive: true, mode: 0o700 })
  }
  for (const [path, content] of Object.entries(files)) {
    const file = join(directory, path)
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(file, content, { mode: 0o600 })
  }
  return directory
}
