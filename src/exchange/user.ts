import { property } from '../lib/property.ts'
import { rolesOf, textOf } from './user-fields.ts'

/** What is known of who acts: a copy, sharing nothing with the app. A text field that is absent is unknown. */
export interface UserFacts {
  readonly authenticated: boolean
  readonly id?: string
  readonly email?: string
  readonly provider?: string
  readonly realm?: string
  readonly roles: readonly string[]
}

const KEYCLOAK_REALM = /\/realms\/([^/?#]+)/
const MOST_CLIENTS = 100

/**
 * Reads any answer to "who acts": an object with any of `authenticated`, `id`, `email`, `provider`, `realm`, `roles`, or a bare id.
 * Null where it says nothing (undefined, null, '', [], {}, anything else). Never throws, and what throws when read is left out.
 *
 * `authenticated` is the answer's own flag (anything but true counts as false), else what its `isAuthenticated()` returns,
 * else whether another field says anything. Texts may be numbers. Passport's `emails[0].value` is an email. Roles come from
 * one text, an array or a Set, each a text, a number or an object with such a `name`. A field has at most 1,024 characters,
 * the mark `…[cut: N bytes]` (N: its whole size) included; there are at most 100 roles, the last saying how many there were.
 */
export function readUser(answer: unknown): UserFacts | null {
  const bareId = textOf(answer)
  if (bareId !== undefined) return { authenticated: true, id: bareId, roles: [] }
  if (!isRecord(answer)) return null
  const source = sourceOf(answer)
  const texts = textsOf(source)
  const roles = rolesOf(source.roles)
  const saysMore = texts !== undefined || roles.length > 0
  const authenticated = yesOrNo(source.authenticated) ?? ask(answer, source.isAuthenticated) ?? saysMore
  return authenticated || saysMore ? { authenticated, ...texts, roles } : null
}

/**
 * Who acts, from where Node's authentication libraries put their verified user: `req.user`; `req.auth` of express-jwt (claims) or
 * express-oauth2-jwt-bearer (claims in `payload`); the user in passport's session. `req.isAuthenticated()` has the last word: a user
 * it does not vouch for is not authenticated; one it vouches for is, unless their own flag says no. The Authorization header is
 * never read: what it claims may be refused. Gives what `readUser` takes. Never throws.
 */
export function userFromNodeRequest(req: unknown): unknown {
  const user = property(req, 'user')
  const vouched = askIsAuthenticated(req)
  if (vouched !== undefined) return vouchedFor(user, vouched)
  if (user) return textOf(property(user, 'sub')) === undefined ? user : readAccount(user)
  const auth = property(req, 'auth')
  const named = auth ? fromOidcClaims(property(auth, 'payload') ?? auth) : null
  return named ?? property(property(property(req, 'session'), 'passport'), 'user')
}

/**
 * The user that the claims of a verified JWT name: `sub` as id, `email`, `iss` as provider, `roles`. Null where they name nobody.
 * Claims that nobody has verified prove nothing: never pass those of a token that was only decoded.
 */
export function fromJwtClaims(claims: unknown): UserFacts | null {
  const id = property(claims, 'sub')
  return namedBy({ id, provider: property(claims, 'iss') }, claims, property(claims, 'roles'))
}

/**
 * The user that the verified claims of OpenID Connect name: as `fromJwtClaims`, with `preferred_username` where there is no `sub`. For an
 * issuer of Keycloak's (`…/realms/<realm>`) the provider is `keycloak` and the realm is told; its `realm_access.roles` are roles as
 * they are, those of `resource_access` as `<client>:<role>`, as Keycloak's own adapters write them.
 */
export function fromOidcClaims(claims: unknown): UserFacts | null {
  const issuer = property(claims, 'iss')
  const realm = typeof issuer === 'string' ? KEYCLOAK_REALM.exec(issuer)?.[1] : undefined
  const id = textOf(property(claims, 'sub')) ?? property(claims, 'preferred_username')
  return namedBy({ id, realm, provider: realm === undefined ? issuer : 'keycloak' }, claims, [
    ...rolesOf(property(claims, 'roles')),
    ...rolesOf(property(property(claims, 'realm_access'), 'roles')),
    ...clientRoles(property(claims, 'resource_access')),
  ])
}

/** An issuer alone names nobody. */
function namedBy(facts: Readonly<Record<string, unknown>>, claims: unknown, roles: unknown): UserFacts | null {
  const user = readUser({ ...facts, email: property(claims, 'email'), roles })
  return user?.id === undefined && user?.email === undefined ? null : user
}

function clientRoles(access: unknown): readonly string[] {
  return keysOf(access)
    .slice(0, MOST_CLIENTS)
    .flatMap((client) => rolesOf(property(property(access, client), 'roles')).map((role) => `${client}:${role}`))
}

/** A user object that may be the claims of a token, as some libraries put them on `req.user`. */
function readAccount(user: unknown): UserFacts | null {
  const facts = readUser(user)
  const claimed = facts?.id === undefined ? fromOidcClaims(user) : null
  if (claimed === null) return facts
  return { ...facts, ...claimed, authenticated: ownFlag(user) ?? askIsAuthenticated(user) ?? true }
}

function vouchedFor(user: unknown, vouched: boolean): UserFacts | null {
  const facts = readAccount(user)
  if (!vouched) return facts === null ? null : { ...facts, authenticated: false }
  return facts === null && isEmpty(user) ? null : { roles: [], ...facts, authenticated: ownFlag(user) ?? true }
}

/** Passport takes any user that is not falsy for signed in, also an empty list or object. */
function isEmpty(user: unknown): boolean {
  return typeof user === 'object' && user !== null && keysOf(user).length === 0
}

function ownFlag(answer: unknown): boolean | undefined {
  return yesOrNo(property(answer, 'authenticated'))
}

/** A flag; undefined where there is none. */
function yesOrNo(flag: unknown): boolean | undefined {
  return flag === undefined || flag === null ? undefined : flag === true
}

function askIsAuthenticated(value: unknown): boolean | undefined {
  return ask(value, property(value, 'isAuthenticated'))
}

/** What `isAuthenticated()` of a user or a request says; undefined where there is none. One that throws vouches for nobody. */
function ask(owner: unknown, isAuthenticated: unknown): boolean | undefined {
  if (typeof isAuthenticated === 'boolean') return isAuthenticated
  if (typeof isAuthenticated !== 'function') return undefined
  try {
    return isAuthenticated.call(owner) === true
  } catch {
    return false
  }
}

const FIELDS = ['authenticated', 'isAuthenticated', 'id', 'email', 'emails', 'provider', 'realm', 'roles'] as const
type Source = Partial<Record<(typeof FIELDS)[number], unknown>>
type Texts = { id?: string; email?: string; provider?: string; realm?: string }

/** The fields that count: read at one go, which is several times faster; one by one where one of them throws. */
function sourceOf(answer: Source): Source {
  try {
    const { authenticated, isAuthenticated, id, email, emails, provider, realm, roles } = answer
    return { authenticated, isAuthenticated, id, email, emails, provider, realm, roles }
  } catch {
    return Object.fromEntries(FIELDS.map((field) => [field, property(answer, field)]))
  }
}

function textsOf(source: Source): Texts | undefined {
  const id = textOf(source.id)
  const email = textOf(source.email) ?? firstEmail(source.emails)
  const provider = textOf(source.provider)
  const realm = textOf(source.realm)
  if ((id ?? email ?? provider ?? realm) === undefined) return undefined
  const texts: Texts = {}
  if (id !== undefined) texts.id = id
  if (email !== undefined) texts.email = email
  if (provider !== undefined) texts.provider = provider
  if (realm !== undefined) texts.realm = realm
  return texts
}

/** As passport's profiles have it. */
function firstEmail(emails: unknown): string | undefined {
  return emails === undefined ? undefined : textOf(property(property(emails, 0), 'value'))
}

/** An object that is no array. */
function isRecord(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  try {
    return !Array.isArray(value)
  } catch {
    // A proxy that was revoked.
    return false
  }
}

function keysOf(value: unknown): readonly string[] {
  if (!isRecord(value)) return []
  try {
    return Object.keys(value)
  } catch {
    return []
  }
}
