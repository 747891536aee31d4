import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Ajv, type ValidateFunction } from 'ajv'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { vectorTrail, vkey } from '../cli/vectors.ts'
import { beginningOf } from '../support/places.ts'
import { run, succeed } from './commands.ts'
import { type Packed, packAndInstall, root } from './packed.ts'
import { installRuntimes, lines, nodeOf } from './runtimes.ts'

let packed: Packed
let isRecord: ValidateFunction

beforeAll(async () => {
  await installRuntimes()
  packed = await packAndInstall()
  const schema = await readFile(join(packed.app, 'node_modules/griffier/dist/record/record.schema.json'), 'utf8')
  isRecord = new Ajv().compile(JSON.parse(schema))
})

afterAll(() => rm(packed.temporary, { recursive: true, force: true }))

interface KeptRecord {
  readonly logger: string
  readonly message: string
  readonly http_request: { readonly url: string }
  readonly user: { readonly id?: string; readonly ip: string }
  readonly outcome: string
}

/** Every line as a record, each checked against the packed schema. */
function recordsIn(text: string): KeptRecord[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const record = JSON.parse(line) as KeptRecord
      expect(isRecord(record), JSON.stringify(isRecord.errors)).toBe(true)
      return record
    })
}

/** Runs an app that serves `/bicycles` on Express and `/plain` on node:http, and checks the records that it leaves. */
async function expectTwoRecords(node: string, file: string, cwd: string): Promise<void> {
  const auditFile = join(packed.temporary, `${Math.random().toString(36).slice(2)}.ndjson`)
  const { stdout } = await succeed(node, [file], { cwd, env: { AUDIT_FILE: auditFile } })
  const [bicycles, plain, ...rest] = recordsIn(stdout)
  expect(rest).toEqual([])
  expect(bicycles).toMatchObject({
    http_request: {
      method: 'GET',
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/bicycles\?q=red&token=REDACTED$/),
    },
    http_response: { status_code: 200, reason: 'OK' },
    user: { authenticated: true, id: 'jane', roles: ['editor'], ip: '127.0.0.1' },
    filter: { object: 'Bicycle', fields: ['colour'], terms: 'red' },
    results: [{ id: 1 }],
    outcome: 'success',
    message: 'Searched bicycles',
  })
  expect(plain).toMatchObject({ type: 'WARNING', message: 'Plain', outcome: 'success' })
  expect(await readFile(auditFile, 'utf8')).toBe(stdout)
}

describe.each(lines)('the packed package on Node.js %s', (line) => {
  const node = nodeOf(line)

  it('serves an app in ECMAScript modules', () => expectTwoRecords(node, 'app.mjs', packed.app))

  it('serves an app in CommonJS', () => expectTwoRecords(node, 'app.cjs', packed.app))

  it('keeps one state when both kinds of module load it', async () => {
    const { stdout } = await succeed(node, ['both.mjs'], { cwd: packed.app })
    expect(recordsIn(stdout)).toHaveLength(1)
  })

  it('exports the same from each door, imported and required', () => succeed(node, ['doors.mjs'], { cwd: packed.app }))

  it('brings the command griffier', async () => {
    const trail = vectorTrail()
    const command = join(packed.app, 'node_modules/.bin/griffier')
    const { stdout } = await succeed(node, [command, 'verify', trail, '--key', vkey, '--json'], { cwd: packed.app })
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'passed', size: 3 })
  })

  it('has its JSON Schema behind a door', async () => {
    const { stdout } = await succeed(node, ['schema.mjs'], { cwd: packed.app })
    expect(JSON.parse(stdout)).toHaveProperty('properties.http_request')
  })
})

describe('the testing kit', () => {
  const itself = 'kit.test.mjs'
  const missing = /No record has .*Never came/

  it('says under node:test what is missing', async () => {
    const { code, stdout } = await run(process.execPath, ['--test', itself], { cwd: packed.app })
    expect(code).toBe(1)
    expect(stdout).toMatch(missing)
    expect(stdout).toMatch(/pass 1\n.*fail 1\n/s)
  })

  it('says under jest what is missing', async () => {
    const app = join(packed.temporary, 'jest')
    await mkdir(app)
    await copyFile(join(packed.app, itself), join(app, itself))
    const jest = { testMatch: ['**/*.test.mjs'], transform: {} }
    await writeFile(join(app, 'package.json'), JSON.stringify({ private: true, jest }))
    await succeed('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', 'jest@30', packed.tarball], {
      cwd: app,
    })
    const env = { NODE_OPTIONS: '--experimental-vm-modules' }
    const { code, stderr } = await run(process.execPath, ['node_modules/.bin/jest'], { cwd: app, env })
    expect(code).toBe(1)
    expect(stderr).toMatch(missing)
    expect(stderr).toMatch(/1 failed, 1 passed/)
  })
})

it('runs as npx griffier', async () => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  const { stdout } = await succeed('npx', ['--no-install', 'griffier', '--version'], { cwd: packed.app })
  expect(stdout).toBe(`${version}\n`)
  expect(await run('npx', ['--no-install', 'griffier', 'verify', 'nowhere'], { cwd: packed.app })).toMatchObject({
    code: 2,
  })
})

describe('bundled by esbuild', () => {
  // What esbuild's own manual gives for CommonJS packages in a bundle of ECMAScript modules.
  const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"

  it.each([
    ['esm', 'bundle.mjs', banner],
    ['cjs', 'bundle.cjs', ''],
  ] as const)('as %s it runs from another directory, without its packages', async (format, name, js) => {
    const elsewhere = join(packed.temporary, format)
    await mkdir(elsewhere)
    const { warnings } = await build({
      entryPoints: [join(packed.app, 'app.mjs')],
      outfile: join(elsewhere, name),
      bundle: true,
      platform: 'node',
      target: 'node20.19',
      format,
      banner: { js },
      logLevel: 'silent',
    })
    expect(warnings).toEqual([])
    for (const line of lines) await expectTwoRecords(nodeOf(line), name, elsewhere)
  })
})

describe('compiled by TypeScript, strict, declarations checked', () => {
  const kinds = [
    { name: 'nodenext', ending: 'mts', module: 'nodenext', moduleResolution: 'nodenext' },
    { name: 'nodenext in CommonJS', ending: 'cts', module: 'nodenext', moduleResolution: 'nodenext' },
    { name: 'bundler', ending: 'mts', module: 'esnext', moduleResolution: 'bundler' },
    { name: 'commonjs with old resolution', ending: 'ts', module: 'commonjs', moduleResolution: 'node10' },
  ]

  /** Compiles apps of `consumers/`, and gives the directory of what came out and the compiler's complaints. */
  async function compile(
    apps: readonly string[],
    { name, ending, module, moduleResolution }: (typeof kinds)[number],
    options: { readonly esModuleInterop: boolean; readonly experimentalDecorators?: boolean },
  ): Promise<{ directory: string; complaints: readonly string[] }> {
    const directory = join(packed.app, `${name.replaceAll(' ', '-')}-${options.esModuleInterop}`)
    await mkdir(directory)
    await writeFile(join(directory, 'package.json'), '{"private":true}')
    for (const app of apps) await copyFile(join(packed.app, `${app}.ts`), join(directory, `${app}.${ending}`))
    const compilerOptions = {
      ...{ module, moduleResolution, target: 'es2022', lib: ['es2022'], types: ['node'] },
      ...{ strict: true, skipLibCheck: false, ...options },
    }
    const files = apps.map((app) => `${app}.${ending}`)
    await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = await run(process.execPath, [compiler, '-p', '.'], { cwd: directory })
    return { directory, complaints: stdout.split('\n').filter((line) => line.includes('error TS')) }
  }

  const outputOf = (app: string, ending: string): string => `${app}.${ending.replace('ts', 'js')}`

  it.concurrent.each(kinds)('$name, without esModuleInterop: compiles and runs', async (kind) => {
    const { directory, complaints } = await compile(['typed'], kind, { esModuleInterop: false })
    expect(complaints).toEqual([])
    for (const line of lines) {
      const { stdout } = await succeed(nodeOf(line), [outputOf('typed', kind.ending)], { cwd: directory })
      expect(recordsIn(stdout)).toMatchObject([{ message: 'Typed' }])
    }
  })

  it.concurrent.each(kinds)('$name, with every framework: compiles and runs', async (kind) => {
    const apps = ['typed', 'typed-fastify', 'typed-fetch', 'typed-hono', 'typed-koa', 'typed-nest']
    const { directory, complaints } = await compile(apps, kind, { esModuleInterop: true, experimentalDecorators: true })
    // Declarations of Hono and Koa have faults of their own.
    expect(complaints.filter((line) => !/^\S*node_modules\/(?!griffier\/)/.test(line))).toEqual([])
    const outputs = apps.map((app) => outputOf(app, kind.ending))
    for (const line of lines) {
      const { stdout } = await succeed(nodeOf(line), ['../each.mjs', ...outputs], { cwd: directory })
      const seen = recordsIn(stdout).map(({ logger, message }) => `${logger}: ${message}`)
      expect(seen.sort()).toEqual([
        'audit_log: Typed',
        'on Fastify: Showed 7 to jane',
        'on Hono: Showed 7 to jane',
        'on Koa: Showed all to jane of north',
        'on Nest: Showed 7',
        'on fetch: In north',
      ])
    }
  })
})

describe('the tarball', () => {
  it('holds each source file once as code and once as types, and the house files', async () => {
    const sources = (await readdir(join(root, 'src'), { recursive: true })).filter((name) => name.endsWith('.ts'))
    const built = sources
      .filter((name) => !name.endsWith('.test.ts'))
      .flatMap((name) => ['.js', '.d.ts'].map((ending) => `dist/${name.slice(0, -'.ts'.length)}${ending}`))
    const docs = (await readdir(join(root, 'docs'), { recursive: true })).filter((name) => name.endsWith('.md'))
    const house = ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json']
    expect([...packed.files].sort()).toEqual(
      [...built, 'dist/record/record.schema.json', ...docs.map((name) => `docs/${name}`), ...house].sort(),
    )
  })

  it('names no directory of the machine that made it', async () => {
    const installed = join(packed.app, 'node_modules/griffier')
    for (const file of packed.files) {
      const text = await readFile(join(installed, file), 'utf8')
      for (const path of [root, packed.temporary, process.env.HOME ?? root])
        expect(text, file).not.toMatch(beginningOf(path))
    }
  })

  it('runs nothing when it is installed', async () => {
    const installed = JSON.parse(await readFile(join(packed.app, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { hasInstallScript?: boolean }>
    }
    expect(installed.packages['node_modules/griffier']).toBeDefined()
    expect(Object.values(installed.packages).filter((entry) => entry.hasInstallScript)).toEqual([])
  })
})
