// The record's JSON Schema, imported and required.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import schema from 'griffier/record.schema.json' with { type: 'json' }

assert.deepEqual(createRequire(import.meta.url)('griffier/record.schema.json'), schema)
console.log(JSON.stringify(schema))
