import { canPseudonymize } from '../record/pseudonym.ts'
import { createSettingsTable, type SettingsTable } from './create-settings-table.ts'
import type { Field, Parsed, Parser } from './parser.ts'
import type { ResolvedSettings } from './resolved-settings.ts'
import type { Settings } from './settings.ts'

/** The settings of an audit log that may run anywhere: without signals, and with a handler that is given as a value. */
export interface PortableSettings<Request = unknown>
  extends Omit<Settings<Request>, 'closeOnSignals' | 'logHandler' | 'guarantee' | 'trail'> {
  /** Where records go: one or a list of handlers, each a value. There is no default, as not every platform has a standard output. */
  readonly logHandler: Exclude<Settings['logHandler'], string | undefined>
}

const none: ResolvedSettings['closeOnSignals'] = Object.freeze([])

const { logHandler, pseudonyms, ...others }: SettingsTable = createSettingsTable({
  load: (_reference, at) => ({
    faults: [`${at}: names a module, which is not loaded where Node.js may be missing, expected the value itself`],
  }),
  slowPatterns: () => [],
  signals: (given, at) =>
    given === false ? { value: none } : { faults: [`${at}: no signal reaches this audit log, call close() instead`] },
  trail: (_given, at) => ({ faults: [`${at}: cannot be kept where there is no file system to rely on`] }),
  guarantee: bestEffortOnly,
})

/** Every setting, as it is read where Node.js may be missing. */
export const portableSettings: { readonly [Name in keyof ResolvedSettings]: Field<ResolvedSettings[Name]> } = {
  ...others,
  logHandler: { parse: required(logHandler.parse) },
  pseudonyms: { ...pseudonyms, parse: whereHashed(pseudonyms.parse) },
  guarantee: { parse: bestEffortOnly, fallback: { value: 'best-effort' } },
}

function required(parse: ResolvedParser<'logHandler'>): ResolvedParser<'logHandler'> {
  return (given, at) => {
    const expected = 'expected a sink, a function or an object with write(line)'
    if (given === undefined) {
      return { faults: [`${at}: is missing, ${expected}, as there is no standard output to fall back on`] }
    }
    const parsed = parse(given, at)
    if ('faults' in parsed || parsed.value?.length !== 0) return parsed
    return { faults: [`${at}: got an empty list, ${expected}`] }
  }
}

function whereHashed(parse: ResolvedParser<'pseudonyms'>): ResolvedParser<'pseudonyms'> {
  return (given, at) => {
    const parsed = parse(given, at)
    if ('faults' in parsed || canPseudonymize()) return parsed
    return { faults: [`${at}: need node:crypto, which this platform has not; on Workers, turn on nodejs_compat`] }
  }
}

function bestEffortOnly(given: unknown, at: string): Parsed<'best-effort'> {
  if (given === 'best-effort') return { value: given }
  return { faults: [`${at}: only 'best-effort' can be kept where there is no file system to rely on`] }
}

type ResolvedParser<Name extends keyof ResolvedSettings> = Parser<ResolvedSettings[Name]>
