import { cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { succeed } from './commands.ts'

/** The project's root. */
export const root: string = resolve(import.meta.dirname, '../..')

/** The packed package, and an app's directory that it is installed in. */
export interface Packed {
  /** Holds everything below; to be removed at the end. */
  readonly temporary: string
  readonly tarball: string
  /** The names of the tarball's files. */
  readonly files: readonly string[]
  /** A directory with the tarball and its peers installed, and the apps of `consumers/`. */
  readonly app: string
}

/** What the apps of `consumers/` need beside griffier, in versions of the lines that it is developed with. */
const needed = [
  ...['@types/express', '@types/koa', '@types/node'],
  ...['@nestjs/common', '@nestjs/core', '@nestjs/platform-express', 'reflect-metadata', 'rxjs'],
  ...['express', 'fastify', 'hono', '@hono/node-server', 'koa'],
]

const notInACheckout = new Set(['node_modules', 'dist', 'coverage', 'out', '.git'])

/** Packs a clean copy of the project, where only `prepack` can have built it, and installs the tarball as an app would. */
export async function packAndInstall(): Promise<Packed> {
  const temporary = await mkdtemp(join(tmpdir(), 'griffier-packed-'))
  const checkout = join(temporary, 'checkout')
  await cp(root, checkout, {
    recursive: true,
    filter: (source) => source === root || !notInACheckout.has(basename(source)),
  })
  await symlink(join(root, 'node_modules'), join(checkout, 'node_modules'))
  const { stdout } = await succeed('npm', ['pack', '--json', '--pack-destination', temporary], { cwd: checkout })
  // What prepack prints comes before the report.
  const [report] = JSON.parse(stdout.slice(stdout.search(/^\[$/m))) as [{ filename: string; files: { path: string }[] }]
  const tarball = join(temporary, report.filename)
  const app = join(temporary, 'app')
  await installIn(app, tarball)
  return { temporary, tarball, files: report.files.map(({ path }) => path), app }
}

async function installIn(app: string, tarball: string): Promise<void> {
  await mkdir(app)
  await cp(join(import.meta.dirname, 'consumers'), app, { recursive: true })
  const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>
  }
  const dependencies = Object.fromEntries(needed.map((name) => [name, devDependencies[name]]))
  await writeFile(
    join(app, 'package.json'),
    JSON.stringify({ private: true, dependencies: { ...dependencies, griffier: `file:${tarball}` } }),
  )
  await succeed('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: app })
}
