// Imports and requires every door of the package: it must be the same.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const { exports } = JSON.parse(readFileSync(require.resolve('griffier/package.json'), 'utf8'))

for (const path of Object.keys(exports).filter((path) => !path.endsWith('.json'))) {
  const door = `griffier${path.slice(1)}`
  const imported = await import(door)
  const required = require(door)
  assert.notDeepEqual(Object.keys(imported), [], door)
  for (const name of Object.keys(imported)) assert.equal(required[name], imported[name], `${door}: ${name}`)
}
