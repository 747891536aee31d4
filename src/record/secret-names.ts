import { BoundedMap } from '../lib/bounded-map.ts'

// Where the names come from: what Sentry, Elastic APM, Rails, Django and OpenTelemetry mask by default, less what an
// audit must show.
const secretHeaders =
  'authorization proxy-authorization cookie set-cookie x-api-key api-key x-auth-token x-access-token x-csrf-token ' +
  'x-xsrf-token x-amz-security-token x-vault-token private-token dpop x-forwarded-client-cert www-authenticate ' +
  'proxy-authenticate authentication-info'
const secretHeaderParts = 'token secret password session credential'
const secretParameters =
  'token access_token refresh_token id_token api_key apikey key auth password passwd pwd pass secret client_secret code ' +
  'assertion samlresponse samlrequest jwt session sessionid sid jsessionid sig signature awsaccesskeyid ' +
  'x-amz-signature x-amz-credential x-amz-security-token x-goog-signature x-goog-credential otp pin bsn ssn email cvv ' +
  'cvc iban'
const secretParameterParts = 'token secret passw apikey'
const commonWordsAsKeys = new Set(['code', 'key', 'email'])

/** What `privacy: 'strict'` keeps of headers: what describes the message and says nothing of a person. */
const harmlessHeaders =
  'accept-ranges age allow cache-control connection content-encoding content-language ' +
  'content-length content-location content-range content-type cross-origin-embedder-policy ' +
  'cross-origin-opener-policy cross-origin-resource-policy date etag expires keep-alive last-modified location ' +
  'pragma referrer-policy retry-after server strict-transport-security transfer-encoding upgrade vary via ' +
  'x-content-type-options x-frame-options'

const NAMES_KEPT = 2048
const LONGEST_NAME_KEPT = 64

/** Whether a name belongs to a list. */
export type NameTest = (name: string) => boolean

export interface NameLists {
  readonly headers?: readonly string[] | undefined
  readonly query?: readonly string[] | undefined
  readonly keys?: readonly string[] | undefined
  readonly mode?: 'extend' | 'replace' | undefined
}

/** Tests for headers, for the parameters of a query, and for the keys of objects and the names in messages. */
export interface NameTests {
  readonly header: NameTest
  readonly parameter: NameTest
  readonly key: NameTest
}

/**
 * The names whose values are masked. `extend` adds to the built-in lists; `replace` puts each list that is given in the
 * place of the built-in one. Keys are the headers and parameters together, less `code`, `key` and `email`, and the
 * keys that are given.
 */
export function secretNames(lists: NameLists): NameTests {
  const replace = lists.mode === 'replace'
  const choose = (own: readonly string[] | undefined, exact: string, parts: string): Choice =>
    replace && own !== undefined
      ? { exact: own, parts: [] }
      : { exact: [...words(exact), ...(own ?? [])], parts: words(parts) }
  const headers = choose(lists.headers, secretHeaders, secretHeaderParts)
  const parameters = choose(lists.query, secretParameters, secretParameterParts)
  const shared = [...headers.exact, ...parameters.exact].filter((name) => !commonWordsAsKeys.has(plain(name)))
  const keys =
    replace && lists.keys !== undefined
      ? { exact: lists.keys, parts: [] }
      : { exact: [...shared, ...(lists.keys ?? [])], parts: [...headers.parts, ...parameters.parts] }
  return { header: nameTest(headers), parameter: nameTest(parameters), key: nameTest(keys) }
}

/** The names whose values `privacy: 'strict'` keeps: some harmless headers (unless replaced) and what the lists name. */
export function keptNames(lists: NameLists): NameTests {
  const builtIn = lists.mode === 'replace' && lists.headers !== undefined ? [] : words(harmlessHeaders)
  const only = (exact: readonly string[]): NameTest => nameTest({ exact, parts: [] })
  return {
    header: only([...builtIn, ...(lists.headers ?? [])]),
    parameter: only(lists.query ?? []),
    key: only(lists.keys ?? []),
  }
}

interface Choice {
  readonly exact: readonly string[]
  readonly parts: readonly string[]
}

/**
 * Names are compared without regard to case, `-` and `_`; a nested name (`user[pin]`, `user.pin`) also by each of its
 * segments. Decisions are remembered, as names repeat.
 */
function nameTest({ exact, parts }: Choice): NameTest {
  const listed = new Set(exact.map(plain))
  const within = [...new Set(parts.map(plain))]
  const known = new BoundedMap<string, boolean>(NAMES_KEPT)
  const decide = (name: string): boolean => {
    const text = plain(name)
    if (listed.has(text) || within.some((part) => text.includes(part))) return true
    return /[[.]/.test(text) && text.split(/[[\].]/).some((segment) => listed.has(segment))
  }
  return (name) => {
    const before = known.get(name)
    if (before !== undefined) return before
    const decision = decide(name)
    if (name.length <= LONGEST_NAME_KEPT) known.set(name, decision)
    return decision
  }
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '').trim()
}

function words(text: string): readonly string[] {
  return text.split(' ')
}
