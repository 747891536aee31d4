import { spawnSync } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { succeed } from './commands.ts'

/** The lines of Node.js that the package promises to run on. */
export const lines = ['20', '22', '24', '26'] as const

/** A line of Node.js. */
export type Line = (typeof lines)[number]

/** Where the lines are kept between runs, outside of the project so that `npm run` never finds their `node`. */
const directory: string = process.env.GRIFFIER_RUNTIMES ?? join(tmpdir(), 'griffier-runtimes')

/** The path of a line's `node`, once `installRuntimes` has settled. */
export function nodeOf(line: Line): string {
  return join(directory, 'node_modules', `node${line}`, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
}

/** Whether a line's `node` is there, and whole: an earlier run may have been broken off. */
function works(line: Line): boolean {
  const { status, stdout } = spawnSync(nodeOf(line), ['--version'], { encoding: 'utf8' })
  return status === 0 && stdout.startsWith(`v${line}.`)
}

/** Fetches the lines that are not there yet, as packages that hold nothing but the binary. */
export async function installRuntimes(): Promise<void> {
  if (lines.every(works)) return
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, 'package.json'), '{"private":true}\n')
  const packages = lines.map((line) => `node${line}@npm:node-${process.platform}-${process.arch}@${line}`)
  await succeed('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], { cwd: directory })
}
