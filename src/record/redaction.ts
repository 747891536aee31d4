import { BoundedMap } from '../lib/bounded-map.ts'
import { AuditError } from '../lib/errors.ts'
import { quote } from '../lib/text.ts'
import { keptNames, type NameLists, type NameTest, secretNames } from './secret-names.ts'
import { maskAssignments, maskSchemes, maskUrlsWithin } from './text-redaction.ts'
import { type Masks, redactUrl, withoutFragment } from './url-redaction.ts'

/** What takes the place of a value that is masked, unless `censor` says otherwise. */
const REDACTED = 'REDACTED'

/**
 * What is masked beside, or with `mode: 'replace'` instead of, the built-in names. With `privacy: 'strict'` the lists
 * name what is kept: everything else is masked, and the built-in secret names still are.
 */
export interface RedactionSettings extends NameLists {
  /** Names of headers; case, `-` and `_` make no difference, here and below. */
  readonly headers?: readonly string[] | undefined
  /** Names of parameters in queries. */
  readonly query?: readonly string[] | undefined
  /** Keys at any depth of filter and results, and names in messages. */
  readonly keys?: readonly string[] | undefined
  /** Default `extend`. `replace` puts each list that is given in the place of the built-in one. */
  readonly mode?: 'extend' | 'replace' | undefined
  /** The text that takes a masked value's place, or a function that makes it. Default `REDACTED`. */
  readonly censor?: string | ((value: unknown, name: string) => string) | undefined
}

/** A key of an object as it is recorded. */
export interface Key {
  /** As JSON text; a key may hold a secret itself. */
  readonly text: string
  /** Whether its value is masked whole. */
  readonly isSecret: boolean
  /** Whether `privacy: 'strict'` keeps what lies under it; without it, true for all. */
  readonly isKept: boolean
}

export interface Redactor {
  /** Whether everything but what is named is masked: `privacy: 'strict'`. */
  readonly strict: boolean
  /** What is to be known of a key, at any depth. */
  key(name: string): Key
  /** The text that takes a value's place. A censor that throws or gives no text is reported and gives `REDACTED`. */
  censor(value: unknown, name: string): string
  /** A header's value as it is recorded; the name in lower case. */
  header(name: string, value: string): string
  /** A URL without credentials and the values of secret parameters, in its query and its fragment. */
  url(url: string): string
  /** A message: `name=value` parts, URLs, `Bearer` and `Basic` tokens. */
  text(text: string): string
}

interface RedactorSettings {
  readonly redact?: RedactionSettings | undefined
  readonly privacy?: 'default' | 'strict' | undefined
}

const secretsToSeek = /=|\/\/|["']\s*:|\b(?:[Bb]earer|BEARER)\s|\b(?:[Bb]asic|BASIC)\s+\S*[a-z\d][A-Z]/
const KEYS_KEPT = 2_048
const LONGEST_KEY_KEPT = 64

const urlHeaders = new Set(['location', 'content-location', 'referer'])
const listsOfUrls = new Set(['link', 'refresh'])
const noLists: NameLists = {}
// A text without any of these holds nothing that could be masked.
const textWorthALook = /[=@%]|["']\s*:|:\s*["']|\b(?:bearer|basic)\s/i
const headerWorthALook = /[?@%#&]/
const urlListWorthALook = /[?@%#&;]/

/** The one place that decides what of an exchange is masked. All work is linear in the length of its input. */
export function createRedactor(settings: RedactorSettings, report: (error: AuditError) => void): Redactor {
  const { redact = {}, privacy } = settings
  const strict = privacy === 'strict'
  const secret = secretNames(strict ? noLists : redact)
  const kept = keptNames(redact)
  const censor = createCensor(redact.censor, report)
  const hides = (isSecret: NameTest, isKept: NameTest): NameTest =>
    strict ? (name) => isSecret(name) || !isKept(name) : isSecret
  const hidesHeader = hides(secret.header, kept.header)
  const masks: Masks = {
    hidesParameter: hides(secret.parameter, kept.parameter),
    hidesAssignment: hides(secret.key, kept.key),
    censor,
    censorInUrl: (value, name) => encodeURIComponent(censor(value, name).toWellFormed()),
  }

  const redactText = (text: string): string =>
    textWorthALook.test(text) ? maskAssignments(maskSchemes(text, censor), masks) : text
  const keys = new BoundedMap<string, Key>(KEYS_KEPT)

  return {
    strict,
    key(name) {
      const known = keys.get(name)
      if (known !== undefined) return known
      const text = quote(mayHoldSecrets(name) ? redactText(name) : name)
      const key = { text, isSecret: secret.key(name), isKept: !strict || kept.key(name) }
      if (name.length <= LONGEST_KEY_KEPT) keys.set(name, key)
      return key
    },
    censor,
    header(name, value) {
      if (hidesHeader(name)) return censor(value, name)
      if (urlHeaders.has(name)) return redactUrl(withoutFragment(value), masks)
      const look = listsOfUrls.has(name) ? urlListWorthALook : headerWorthALook
      return look.test(value) ? maskUrlsWithin(value, masks) : value
    },
    url: (url) => redactUrl(url, masks),
    text: redactText,
  }
}

/** Whether a text may hold a URL, a `name=value` part, JSON, or the credentials of an Authorization header; "basic" is a word of prose, too. */
export function mayHoldSecrets(text: string): boolean {
  return secretsToSeek.test(text)
}

function createCensor(
  censor: RedactionSettings['censor'],
  report: (error: AuditError) => void,
): (value: unknown, name: string) => string {
  if (typeof censor !== 'function') return () => censor ?? REDACTED
  // Neither reason nor cause is passed on: what a censor throws may hold the very value.
  const fail = (reason: string): string => {
    report(new AuditError('CENSOR_FAILED', { reason }))
    return REDACTED
  }
  return (value, name) => {
    try {
      const text: unknown = censor(value, name)
      return typeof text === 'string' ? text : fail('it gave no text')
    } catch {
      return fail('it threw')
    }
  }
}
