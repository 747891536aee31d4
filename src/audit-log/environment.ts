import { AuditError } from '../lib/errors.ts'
import type { Given } from './parser.ts'
import { settingsTable } from './settings-table.ts'

/** Environment variables, as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>

const PREFIX = 'AUDIT_LOG_'

/** The member `key` of `trail`, as PEM. */
export const TRAIL_KEY_VARIABLE = 'AUDIT_LOG_TRAIL_KEY'

type SettingName = keyof typeof settingsTable

const settingNames = Object.keys(settingsTable) as SettingName[]
const settingOf: ReadonlyMap<string, SettingName> = new Map(settingNames.map((name) => [variableOf(name), name]))
const variables: ReadonlySet<string> = new Set([...settingOf.keys(), TRAIL_KEY_VARIABLE])

// Of the process, as the environment is: a variable is mentioned once, however many audit logs there are.
const mentioned = new Set<string>()

/** The settings that the environment gives. A variable that is empty counts as not set, as in OpenTelemetry's rules. */
export function readEnvironment(
  environment: Environment,
  isGiven: (setting: string) => boolean,
): { readonly members: ReadonlyMap<string, Given>; readonly faults: readonly string[] } {
  const members = new Map<string, Given>()
  const faults: string[] = []
  for (const [variable, setting] of settingOf) {
    const value = environment[variable]
    if (value === undefined || value === '' || isGiven(setting)) continue
    const parsed = settingsTable[setting].variable === 'json' ? parseJson(value) : { value }
    if (parsed === undefined) faults.push(`${variable}: is not valid JSON, expected JSON, with text in double quotes`)
    else members.set(setting, { at: variable, value: parsed.value })
  }
  return { members, faults }
}

/** Reports each variable that looks like a setting and is none, once in the life of the process. */
export function mentionUnknownVariables(environment: Environment, report: (error: AuditError) => void): void {
  for (const variable of Object.keys(environment)) {
    if (!variable.startsWith(PREFIX) || variables.has(variable) || mentioned.has(variable)) continue
    mentioned.add(variable)
    report(new AuditError('UNKNOWN_VARIABLE', { name: variable }))
  }
}

/** `exemptUrls` → `AUDIT_LOG_EXEMPT_URLS`. */
function variableOf(setting: string): string {
  return `${PREFIX}${setting.replace(/[A-Z]/g, '_$&').toUpperCase()}`
}

/** The parser's own words are left out of faults, as they quote what they could not read. */
function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}
