import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const cruiser = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
const temporary: string[] = []

/** The violations that `npm run rooms` would report in a directory, as `rule: from → to`. */
function violationsIn(directory: string): Promise<string[]> {
  const args = [cruiser, 'src', '--config', '.dependency-cruiser.cjs', '--output-type', 'json']
  return new Promise((settle, fail) => {
    execFile(process.execPath, args, { cwd: directory, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (stdout === '') return fail(error ?? new Error(stderr))
      const { summary } = JSON.parse(stdout) as {
        summary: { violations: { rule: { name: string }; from: string; to: string }[] }
      }
      settle(summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`))
    })
  })
}

/** A copy of the house's rules around a source tree of our own. */
async function houseWith(files: Record<string, string>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'griffier-rooms-'))
  temporary.push(directory)
  for (const file of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json']) {
    await cp(join(root, file), join(directory, file))
  }
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'))
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, file)), { recursive: true })
    await writeFile(join(directory, file), text)
  }
  return directory
}

afterAll(() => Promise.all(temporary.map((directory) => rm(directory, { recursive: true }))))

const sound = {
  'src/index.ts': "export { audit } from './audit-log/audit.ts'\n",
  'src/lib/clock.ts': "import { hrtime } from 'node:process'\nexport const now: () => bigint = () => hrtime.bigint()\n",
  'src/record/record.ts': "import { now } from '../lib/clock.ts'\nexport const record: () => bigint = () => now()\n",
  'src/sinks/sink.ts': 'export interface Sink { readonly name: string }\n',
  'src/sinks/file.ts': "import type { Sink } from './sink.ts'\nexport const file: Sink = { name: 'file' }\n",
  'src/delivery/lane.ts': "import type { Sink } from '../sinks/sink.ts'\nexport type Lane = Sink\n",
  'src/audit-log/audit.ts':
    "import type { Lane } from '../delivery/lane.ts'\nimport { file } from '../sinks/file.ts'\nexport const audit: Lane = file\n",
  'src/adapters/express.ts':
    "import type { Request } from 'express'\nimport { audit } from '../audit-log/audit.ts'\nexport const express = (_: Request): unknown => audit\n",
}

describe('the rooms of src', () => {
  it('are kept by the source as it is', async () => {
    expect(await violationsIn(root)).toEqual([])
  })

  it('are kept by a sound tree', async () => {
    expect(await violationsIn(await houseWith(sound))).toEqual([])
  })

  it('report each kind of import that is not allowed', async () => {
    const house = await houseWith({
      ...sound,
      'test/helper.ts': 'export const helper = 1\n',
      'src/attic/thing.ts': "import '../lib/clock.ts'\n",
      'src/lib/climbs.ts': "import type { record } from '../record/record.ts'\nexport type Climbs = typeof record\n",
      'src/lib/alone.ts': 'export const alone = 1\n',
      'src/lib/chicken.ts': "import type { Egg } from './egg.ts'\nexport interface Chicken { lays: Egg }\n",
      'src/lib/egg.ts': "import type { Chicken } from './chicken.ts'\nexport interface Egg { hatches: Chicken }\n",
      'src/record/framework.ts': "import type { Request } from 'express'\nexport type Framework = Request\n",
      'src/record/helped.ts': "import '../../test/helper.ts'\n",
      'src/sinks/stdout.ts': "import './file.ts'\n",
      'src/delivery/favourite.ts': "import '../sinks/file.ts'\n",
      'src/adapters/node.ts': "import './express.ts'\n",
      'src/adapters/loads.ts': "import 'express'\n",
      'src/adapters/reaches.ts': "import '../sinks/file.ts'\n",
      'src/testing/front.ts': "import '../index.ts'\n",
      'src/exchange/lost.ts': "import './nowhere.ts'\n",
    })
    const found = await violationsIn(house)
    for (const expected of [
      'known-rooms: src/attic/thing.ts → ',
      'room-lib: src/lib/climbs.ts → src/record/record.ts',
      'no-orphans: src/lib/alone.ts → ',
      'no-cycles: src/lib/chicken.ts → src/lib/egg.ts',
      'frameworks-in-adapters-only: src/record/framework.ts → ',
      'no-tests-in-the-package: src/record/helped.ts → test/helper.ts',
      'sinks-are-strangers: src/sinks/stdout.ts → src/sinks/file.ts',
      'delivery-knows-the-contract: src/delivery/favourite.ts → src/sinks/file.ts',
      'adapters-are-strangers: src/adapters/node.ts → src/adapters/express.ts',
      'no-unlisted-packages: src/adapters/loads.ts → ',
      'room-adapters: src/adapters/reaches.ts → src/sinks/file.ts',
      'doors-lead-inwards: src/testing/front.ts → src/index.ts',
      'no-unresolved: src/exchange/lost.ts → ./nowhere.ts',
    ]) {
      expect(
        found.some((violation) => violation.startsWith(expected)),
        `${expected} in\n${found.join('\n')}`,
      ).toBe(true)
    }
  })
})
