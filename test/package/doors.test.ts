import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/** What each door exports. A change here is a change to the public names, and belongs in CHANGELOG.md. */
const doors = {
  '.': {
    values: ['AuditError', 'createAuditLog', 'fileSink', 'fromJwtClaims', 'fromOidcClaims', 'stdoutSink'],
    types: [
      'AuditLog',
      'AuditRecord',
      'Censor',
      'ErrorCode',
      'ErrorPart',
      'Explanation',
      'FileSinkOptions',
      'FormatName',
      'Formatter',
      'Guarantee',
      'DeliveryHealth',
      'Health',
      'HttpRequestPart',
      'HttpResponsePart',
      'Json',
      'Level',
      'LineFunction',
      'LineWriter',
      'LogHandler',
      'Logger',
      'OnError',
      'Outcome',
      'PseudonymField',
      'PseudonymSettings',
      'Question',
      'RedactSettings',
      'Refusal',
      'Rule',
      'Settings',
      'Sink',
      'StdoutSinkOptions',
      'TrailHealth',
      'TrailSettings',
      'UserDescription',
      'UserFacts',
      'UserFromRequest',
      'UserPart',
    ],
  },
  './express': { values: ['expressAudit'], types: ['ExpressAudit'] },
  './fastify': { values: ['fastifyAudit'], types: [] },
  './fetch': { values: ['fetchAudit'], types: ['FetchAudit', 'FetchSettings'] },
  './hono': { values: ['honoAudit'], types: ['HonoAudit'] },
  './koa': { values: ['koaAudit'], types: ['KoaAudit'] },
  './nest': {
    values: ['AuditLog', 'AuditModule', 'AuditResource', 'NoAudit'],
    types: ['AuditModuleAsyncOptions', 'ResourceOptions'],
  },
  './node': { values: ['nodeAudit'], types: ['Audited', 'NodeAudit'] },
  './resources': { values: ['auditResource'], types: ['ResourceOptions'] },
  './testing': {
    values: ['expectAudited', 'fixedClock', 'fixedIds', 'memorySink', 'routeCoverage'],
    types: ['CoverageExceptions', 'MemorySink', 'PartialRecord', 'RouteCoverage'],
  },
} as const

interface Manifest {
  readonly version: string
  readonly bin: Record<string, string>
  readonly exports: Record<string, string | { types: string; default: string }>
  readonly typesVersions: { '*': Record<string, string[]> }
  readonly scripts: Record<string, string>
  readonly engines: unknown
  readonly dependencies: Record<string, string>
  readonly peerDependencies: Record<string, string>
  readonly peerDependenciesMeta: Record<string, { optional: boolean }>
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest

/** The built package, made in a directory of its own from what a clean checkout has. */
let built: string
let declared: ts.Program

beforeAll(() => {
  built = mkdtempSync(join(tmpdir(), 'griffier-doors-'))
  for (const part of ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts', 'src']) {
    cpSync(join(root, part), join(built, part), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(built, 'node_modules'))
  const { status, stdout } = spawnSync(process.execPath, [join(built, 'scripts/build.js')], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stdout)
  declared = ts.createProgram(
    Object.keys(doors).map((door) => targetOf(door, 'types')),
    { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2023, types: ['node'], noEmit: true },
  )
}, 600_000)

afterAll(() => rmSync(built, { recursive: true, force: true }))

function targetOf(door: string, condition: 'types' | 'default'): string {
  const target = manifest.exports[door]
  if (target === undefined) throw new Error(`package.json has no door ${door}`)
  return join(built, typeof target === 'string' ? target : target[condition])
}

function declaredNames(door: string): string[] {
  const checker = declared.getTypeChecker()
  const source = declared.getSourceFile(targetOf(door, 'types'))
  const symbol = source && checker.getSymbolAtLocation(source)
  return symbol ? checker.getExportsOfModule(symbol).map(({ name }) => name) : []
}

describe('the doors', () => {
  it('are these and no others', () => {
    const data = ['./record.schema.json', './package.json']
    expect(Object.keys(manifest.exports).sort()).toEqual([...Object.keys(doors), ...data].sort())
  })

  it.each(Object.entries(doors))('%s exports exactly these values', async (door, { values }) => {
    const loaded = (await import(targetOf(door, 'default'))) as Record<string, unknown>
    expect(Object.keys(loaded).sort()).toEqual(values)
  })

  it.each(Object.entries(doors))('%s declares exactly these values and types', (door, { values, types }) => {
    expect(declaredNames(door).sort()).toEqual([...values, ...types].sort())
  })

  it('all lead to files of the build', () => {
    const targets = Object.values(manifest.exports).flatMap((target) =>
      typeof target === 'string' ? [target] : [target.types, target.default],
    )
    expect(targets.filter((target) => !existsSync(join(built, target)))).toEqual([])
  })

  it('are the same under old resolution', () => {
    const behind = Object.entries(manifest.exports).filter(([door]) => door !== '.' && door !== './package.json')
    expect(manifest.typesVersions['*']).toEqual(
      Object.fromEntries(
        behind.map(([door, target]) => [door.slice(2), [typeof target === 'string' ? target : target.types]]),
      ),
    )
  })
})

describe('the command', () => {
  it('is one, and can be run as it was built', () => {
    expect(manifest.bin).toEqual({ griffier: './dist/cli/main.js' })
    const path = join(built, 'dist/cli/main.js')
    expect(readFileSync(path, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
    expect(statSync(path).mode & 0o777).toBe(0o755)
    const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${manifest.version}\n` })
  })
})

describe('the manifest', () => {
  it('names the lines of Node.js where CommonJS can require ECMAScript modules', () => {
    expect(manifest.engines).toEqual({ node: '>=20.19 <21 || >=22.12' })
  })

  it('depends on one package, and on its peers only where the app has them', () => {
    expect(Object.keys(manifest.dependencies)).toEqual(['ipaddr.js'])
    expect(Object.keys(manifest.peerDependencies)).toEqual(
      Object.keys(manifest.peerDependenciesMeta).filter((name) => manifest.peerDependenciesMeta[name]?.optional),
    )
  })

  it('runs nothing at install', () => {
    const atInstall = /^(pre|post)?(install|prepare)$|^(pre|post)?publish/
    expect(Object.keys(manifest.scripts).filter((name) => atInstall.test(name))).toEqual([])
  })
})
