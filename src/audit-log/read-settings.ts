import { AuditError } from '../lib/errors.ts'
import { type Fields, type Given, isPlainObject, namesOf, parseFields, readMembers } from './parser.ts'

/** What was given, by the names of settings, and what is wrong with it already. */
export type GivenSettings = {
  readonly members: ReadonlyMap<string, Given>
  readonly faults: readonly string[]
}

const notSettings: GivenSettings = {
  members: new Map(),
  faults: ['settings: are of the wrong kind, expected a plain object'],
}
const nothing: GivenSettings = { members: new Map(), faults: [] }

/**
 * Settings checked and completed: options first, then what else is given, then the defaults. `compare` finds the faults
 * that settings have together: it gets those that have none by themselves, and the names they go by.
 * Throws one `SETTINGS_INVALID` that names every fault.
 */
export function readSettings<Value extends object>(
  fields: Fields<Value>,
  settings: unknown,
  others: (isGiven: (setting: string) => boolean) => GivenSettings = () => nothing,
  compare: (values: Partial<Value>, at: (setting: string) => string) => readonly string[] = () => [],
): Value {
  const options = readOptions(fields, settings)
  const more = others((name) => options.members.has(name))
  const members = new Map([...more.members, ...options.members])
  const { values, faults } = parseFields(fields, members, '')
  const compared = compare(values, (setting) => members.get(setting)?.at ?? setting)
  const all = [...options.faults, ...more.faults, ...faults, ...compared]
  if (all.length > 0) throw new AuditError('SETTINGS_INVALID', { faults: all })
  return Object.freeze(values as Value)
}

function readOptions(fields: object, settings: unknown): GivenSettings {
  if (settings === undefined) return nothing
  try {
    return isPlainObject(settings) ? readMembers(settings, namesOf(fields), '') : notSettings
  } catch {
    // A revoked proxy throws at any question.
    return notSettings
  }
}
