// Writes the table of docs/guarantees.md from what the contract suite of adapters finds.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const page = join(root, 'docs/guarantees.md')
const columns = ['body with length', 'chunked', 'HEAD', 'HTTP/2', 'upgrade', 'intent']

const rows = rowsOf(runSuite())
const lines = [
  ['framework', ...columns],
  ['---', ...columns.map(() => '---')],
  ...[...rows].sort().map(([name, found]) => [name, ...columns.map((column) => found[column] ?? '–')]),
]
const table = lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('')
const text = readFileSync(page, 'utf8')
writeFileSync(page, text.replace(/^<!-- table -->\n(?:\|.*\n)*/m, `<!-- table -->\n${table}`))

/** Runs what compares the page with its findings, and has each finding written instead. */
function runSuite() {
  const directory = mkdtempSync(join(tmpdir(), 'griffier-findings-'))
  try {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    execFileSync(process.execPath, [vitest, 'run', '-t', 'docs/guarantees.md', 'test/contract', 'test/nest'], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, GRIFFIER_FINDINGS: directory },
    })
    return readdirSync(directory).map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** What was found, by row and column. Runs of one row that differ are a fault of the suite. */
function rowsOf(findings) {
  const merged = new Map()
  for (const { row, found } of findings) {
    const known = merged.get(row) ?? {}
    for (const [column, finding] of Object.entries(found)) {
      if ((known[column] ?? finding) !== finding) throw new Error(`${row}, ${column}: ${known[column]} and ${finding}`)
      known[column] = finding
    }
    merged.set(row, known)
  }
  return merged
}
