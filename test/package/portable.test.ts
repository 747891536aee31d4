import { build } from 'esbuild'
import { expect, test } from 'vitest'

test('the door for fetch handlers leads to none of Node’s own modules', async () => {
  const { metafile } = await build({
    entryPoints: ['src/adapters/fetch.ts'],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    logLevel: 'silent',
  })
  const outside = Object.values(metafile.inputs).flatMap(({ imports }) => imports.filter(({ external }) => external))
  expect(outside).toEqual([])
  const files = Object.keys(metafile.inputs)
  expect(files.filter((file) => /environment|reference\.ts|node-|stdout|drain-at-exit/.test(file))).toEqual([])
})
