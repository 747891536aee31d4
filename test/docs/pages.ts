import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const root: string = resolve(import.meta.dirname, '../..')

/** The pages that a user reads, by their path. */
export const pages: ReadonlyMap<string, string> = new Map(
  ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)].map((path) => [path, read(path)]),
)

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** A fenced piece of code in a page, with the comment that says where it is from. */
export interface Fence {
  readonly page: string
  readonly source: string | undefined
  readonly language: string
  readonly code: string
}

export const fences: readonly Fence[] = [...pages].flatMap(([page, text]) =>
  [...text.matchAll(/(?:^<!-- ([^\n]+) -->\n)?^```(\w*)(?: (\S+))?\n(.*?)^```$/gms)].map(
    ([, source, language = '', vector, code = '']) => ({
      page,
      // A name behind the language is that of a test vector, which the tests of the format read.
      source: vector === undefined ? source : `vector: ${vector}`,
      language,
      code,
    }),
  ),
)

/** The regions of an example, by `path#name`. */
export function regionsOf(path: string): ReadonlyMap<string, string> {
  const found = read(path).matchAll(/^\/\/ #region (\w+)\n(.*?)^\/\/ #endregion$/gms)
  return new Map([...found].map(([, name, code = '']) => [`${path}#${name}`, code]))
}
