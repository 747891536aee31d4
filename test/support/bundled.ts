import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { afterAll } from 'vitest'

/** Bundles a module for child processes, which start many times faster from one file of JavaScript; gone after the tests. */
export function bundled(module: URL): string {
  const directory = mkdtempSync(join(tmpdir(), 'griffier-child-'))
  const outfile = join(directory, 'child.mjs')
  buildSync({
    entryPoints: [fileURLToPath(module)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // For packages that load what they need with `require`.
    banner: { js: "import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)" },
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))
  return outfile
}
