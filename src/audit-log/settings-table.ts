import { AuditError } from '../lib/errors.ts'
import { createSettingsTable, type SettingsTable } from './create-settings-table.ts'
import { signals } from './parse-signals.ts'
import { trail } from './parse-trail.ts'
import { choice } from './parse-values.ts'
import type { Parsed } from './parser.ts'
import { exponentialPatterns } from './pattern-growth.ts'
import { loadReference } from './reference.ts'

/** Every setting, as it is read on Node.js. */
export const settingsTable: SettingsTable = createSettingsTable({
  load,
  slowPatterns: exponentialPatterns,
  signals,
  trail,
  guarantee: choice('best-effort', 'written', 'durable', 'recorded-first'),
})

function load(reference: string, at: string): Parsed<unknown> {
  try {
    return { value: loadReference(reference) }
  } catch (thrown) {
    if (thrown instanceof AuditError) return { faults: [`${at}: ${thrown.message}`] }
    throw thrown
  }
}
