import { patternsWith } from './parse-patterns.ts'
import { proxies } from './parse-proxies.ts'
import { type Load, referencesWith } from './parse-references.ts'
import { rulesWith } from './parse-rules.ts'
import { boolean, choice, milliseconds, text } from './parse-values.ts'
import { type Field, list, object, type Parser, wrong } from './parser.ts'
import type { ReadSettings, ResolvedPseudonyms, ResolvedRedact, ResolvedTrail } from './resolved-settings.ts'
import type { Censor, Guarantee, OnError, UserFromRequest } from './settings.ts'

/** What reading settings needs of the place where it runs. */
export interface SettingsPlatform {
  /** The value that a text `module#export` names. */
  readonly load: Load
  /** The patterns that a text can make exponentially slow, as indices. */
  readonly slowPatterns: (patterns: readonly RegExp[]) => readonly number[]
  /** On which signals to close. */
  readonly signals: Parser<ReadSettings['closeOnSignals']>
  readonly trail: Parser<ResolvedTrail>
  readonly guarantee: Parser<Guarantee>
}

export type SettingsTable = { readonly [Name in keyof ReadSettings]: Setting<ReadSettings[Name]> }

/** A setting: how it is read, what it is by default, and whether its environment variable holds plain text or JSON. */
interface Setting<Value> extends Field<Value> {
  readonly fallback: { readonly value: Value }
  readonly variable: 'text' | 'json'
}

/** RFC 2104, 3: keys shorter than the hash's output weaken it. */
const LEAST_KEY_BYTES = 32

const name = text(/^.{1,200}$/s, 'a text of 1 to 200 characters')
const names = list(name, 'a list of names')
const headerName = text(/^[\w!#$%&'*+.^`|~-]{1,100}$/, 'the name of a header')

const nothingMoreRedacted: ResolvedRedact = Object.freeze({
  headers: undefined,
  query: undefined,
  keys: undefined,
  mode: 'extend',
  censor: undefined,
})

const pseudonyms = object<ResolvedPseudonyms>({
  key: { parse: secretKey },
  keyId: { parse: text(/^[\w.-]{1,64}$/, 'a text of 1 to 64 letters, digits, ".", "_" and "-"') },
  fields: {
    parse: list(choice('id', 'email', 'provider', 'realm'), "a list of 'id', 'email', 'provider' and 'realm'"),
    fallback: { value: Object.freeze(['id', 'email'] as const) },
  },
})

/** Every setting there is. A new one is an entry here, a member of `ResolvedSettings` and one of `Settings`. */
export function createSettingsTable(platform: SettingsPlatform): SettingsTable {
  const { load, slowPatterns, signals, trail, guarantee } = platform
  const patterns = patternsWith(slowPatterns)
  const { functionOf, censor, formatter, handlers } = referencesWith(load)
  return {
    enabled: asJson(boolean, true),
    loggerName: asText(name, 'audit_log'),
    exemptUrls: asJson(patterns, Object.freeze([])),
    logHandler: asText(handlers, undefined),
    logFormatter: asText(formatter, 'native'),
    userFromRequest: asText(functionOf<UserFromRequest>(), undefined),
    context: asJson(boolean, true),
    trustedProxies: asJson(proxies, undefined),
    forwardedHeader: asText(lowerCase(headerName), 'x-forwarded-for'),
    redact: asJson(redactWith(censor), nothingMoreRedacted),
    privacy: asText(choice('default', 'strict'), 'default'),
    pseudonyms: asJson(pseudonyms, undefined),
    rules: asJson(rulesWith(patterns, guarantee), Object.freeze([])),
    trail: asJson(trail, undefined),
    guarantee: asText(guarantee, undefined),
    onFailure: asText(choice('open', 'closed'), 'open'),
    holdTimeoutMs: asJson(milliseconds(1), 5_000),
    closeTimeoutMs: asJson(milliseconds(0), 10_000),
    closeOnSignals: asJson(signals, Object.freeze([])),
    onError: asText(functionOf<OnError>(), undefined),
    echoRequestId: asJson(boolean, false),
  }
}

function asText<Value, Default>(parse: Parser<Value>, value: Default): Setting<Value | Default> {
  return { parse, fallback: { value }, variable: 'text' }
}

function asJson<Value, Default>(parse: Parser<Value>, value: Default): Setting<Value | Default> {
  return { parse, fallback: { value }, variable: 'json' }
}

function lowerCase(parse: Parser<string>): Parser<string> {
  return (given, at) => {
    const parsed = parse(given, at)
    return 'value' in parsed ? { value: parsed.value.toLowerCase() } : parsed
  }
}

function redactWith(censor: Parser<Censor | string>): Parser<ResolvedRedact> {
  return object<ResolvedRedact>({
    headers: { parse: names, fallback: { value: undefined } },
    query: { parse: names, fallback: { value: undefined } },
    keys: { parse: names, fallback: { value: undefined } },
    mode: { parse: choice('extend', 'replace'), fallback: { value: 'extend' } },
    censor: { parse: censor, fallback: { value: undefined } },
  })
}

/** A function and not a constant, as `pseudonyms` above needs it. */
function secretKey(given: unknown, at: string): ReturnType<Parser<Uint8Array>> {
  const expected = `a key of at least ${LEAST_KEY_BYTES} bytes, as text or as a Uint8Array`
  if (typeof given !== 'string' && !isBytes(given)) return wrong(given, at, expected)
  const value = typeof given === 'string' ? new TextEncoder().encode(given) : Uint8Array.from(given)
  return value.length < LEAST_KEY_BYTES ? { faults: [`${at}: is too short, expected ${expected}`] } : { value }
}

/** Of any realm: test runners have several. */
function isBytes(value: unknown): value is Uint8Array {
  return Object.prototype.toString.call(value) === '[object Uint8Array]'
}
