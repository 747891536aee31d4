import { type Environment, readEnvironment, TRAIL_KEY_VARIABLE } from './environment.ts'
import { trailKey } from './parse-trail.ts'
import type { Parsed } from './parser.ts'
import { readSettings } from './read-settings.ts'
import type { ReadSettings, ResolvedSettings, ResolvedTrail } from './resolved-settings.ts'
import { settingsTable } from './settings-table.ts'
import { faultsWithoutTrail } from './without-trail.ts'

/**
 * Settings checked and completed: options first, then the environment, then the defaults.
 * Throws one `SETTINGS_INVALID` that names every fault.
 */
export function resolveSettings(settings: unknown, environment: Environment): ResolvedSettings {
  const key = keyFrom(environment)
  const read = readSettings<ReadSettings>(
    settingsTable,
    settings,
    (isGiven) => readEnvironment(environment, isGiven),
    (values, at) => [
      ...faultsWithoutTrail(values, at),
      ...(values.trail !== undefined && values.trail.key === undefined && 'faults' in key ? key.faults : []),
    ],
  )
  const { trail, guarantee = trail === undefined ? 'best-effort' : 'written' } = read
  return Object.freeze({ ...read, guarantee, trail: withKey(trail, key) })
}

/** The signing key has a variable of its own too, as secrets come one by one. */
function keyFrom(environment: Environment): Parsed<ResolvedTrail['key']> {
  const given = environment[TRAIL_KEY_VARIABLE]
  return given === undefined || given === '' ? { value: undefined } : trailKey(given, TRAIL_KEY_VARIABLE)
}

function withKey(trail: ResolvedTrail | undefined, key: Parsed<ResolvedTrail['key']>): ResolvedTrail | undefined {
  if (trail === undefined || trail.key !== undefined || 'faults' in key) return trail
  return Object.freeze({ ...trail, key: key.value })
}
