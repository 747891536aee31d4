import { type Environment, readEnvironment } from './environment.ts'
import { readSettings } from './read-settings.ts'
import type { ResolvedSettings } from './resolved-settings.ts'
import { settingsTable } from './settings-table.ts'

/**
 * Settings checked and completed: options first, then the environment, then the defaults.
 * Throws one `SETTINGS_INVALID` that names every fault.
 */
export function resolveSettings(settings: unknown, environment: Environment): ResolvedSettings {
  return readSettings<ResolvedSettings>(settingsTable, settings, (isGiven) => readEnvironment(environment, isGiven))
}
