import { AuditError } from '../lib/errors.ts'
import { type Environment, readEnvironment } from './environment.ts'
import { isPlainObject, merge, namesOf, parseFields, readMembers } from './parser.ts'
import type { ResolvedSettings } from './resolved-settings.ts'
import { settingsTable } from './settings-table.ts'

const notSettings = { members: new Map(), faults: ['settings: are of the wrong kind, expected a plain object'] }

/**
 * Settings checked and completed: options first, then the environment, then the defaults.
 * Throws one `SETTINGS_INVALID` that names every fault.
 */
export function resolveSettings(settings: unknown, environment: Environment): ResolvedSettings {
  const options = readOptions(settings)
  const variables = readEnvironment(environment, (name) => options.members.has(name))
  const members = new Map([...variables.members, ...options.members])
  const parsed = merge(parseFields(settingsTable, members, ''), [...options.faults, ...variables.faults])
  if ('faults' in parsed) throw new AuditError('SETTINGS_INVALID', { faults: parsed.faults })
  return parsed.value
}

function readOptions(settings: unknown): ReturnType<typeof readMembers> {
  if (settings === undefined) return { members: new Map(), faults: [] }
  try {
    return isPlainObject(settings) ? readMembers(settings, namesOf(settingsTable), '') : notSettings
  } catch {
    // A revoked proxy throws at any question.
    return notSettings
  }
}
