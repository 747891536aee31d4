import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromJwtClaims, fromOidcClaims, readUser, userFromNodeRequest } from './user.ts'

const jane = { id: '7', email: 'jane@example.org', provider: 'keycloak', realm: 'city', roles: ['editor', 'viewer'] }

function throwing(): never {
  throw new Error('no')
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

describe('readUser', () => {
  test.each([
    [undefined],
    [null],
    [[]],
    [{}],
    [''],
    [['bob']],
    [true],
    [() => 'bob'],
    [Symbol('bob')],
    [Number.NaN],
    [new Map()],
    [Promise.resolve(jane)],
    [{ authenticated: false }],
    [{ roles: [] }],
    [{ id: '' }],
  ])('%o is nobody', (answer) => {
    expect(readUser(answer)).toBeNull()
  })

  test.each([
    [jane, { authenticated: true, ...jane }],
    ['bob', { authenticated: true, id: 'bob', roles: [] }],
    [42, { authenticated: true, id: '42', roles: [] }],
    [{ id: 42 }, { authenticated: true, id: '42', roles: [] }],
    [{ id: 0 }, { authenticated: true, id: '0', roles: [] }],
    [{ id: 2n ** 64n }, { authenticated: true, id: '18446744073709551616', roles: [] }],
    [{ roles: 'admin' }, { authenticated: true, roles: ['admin'] }],
    [{ roles: new Set(['a', 'b']) }, { authenticated: true, roles: ['a', 'b'] }],
    [{ roles: ['a', 1, null, '', { name: 'c' }, { id: 1 }, ['d']] }, { authenticated: true, roles: ['a', '1', 'c'] }],
    [
      { id: 'x', roles: { admin: true } },
      { authenticated: true, id: 'x', roles: [] },
    ],
    [
      { id: 'x', email: {}, realm: ['r'] },
      { authenticated: true, id: 'x', roles: [] },
    ],
    [{ emails: [{ value: 'jane@example.org' }] }, { authenticated: true, email: 'jane@example.org', roles: [] }],
    [
      { email: 'a@b', emails: [{ value: 'c@d' }] },
      { authenticated: true, email: 'a@b', roles: [] },
    ],
    [{ emails: 'x' }, null],
    [{ authenticated: true }, { authenticated: true, roles: [] }],
    [
      { authenticated: false, id: 'x' },
      { authenticated: false, id: 'x', roles: [] },
    ],
    [
      { authenticated: 'false', id: 'x' },
      { authenticated: false, id: 'x', roles: [] },
    ],
    [
      { authenticated: undefined, id: 'x' },
      { authenticated: true, id: 'x', roles: [] },
    ],
    [
      { isAuthenticated: (): boolean => false, id: 'x' },
      { authenticated: false, id: 'x', roles: [] },
    ],
    [{ isAuthenticated: (): boolean => true }, { authenticated: true, roles: [] }],
    [
      { isAuthenticated: throwing, id: 'x' },
      { authenticated: false, id: 'x', roles: [] },
    ],
    [
      { authenticated: true, isAuthenticated: (): boolean => false },
      { authenticated: true, roles: [] },
    ],
  ])('%o', (answer, expected) => {
    expect(readUser(answer)).toEqual(expected)
  })

  test('reads the getters of a class and through a proxy, and calls isAuthenticated on its own object', () => {
    class Account {
      readonly #name = 'jane'
      get id(): string {
        return this.#name
      }
      isAuthenticated(): boolean {
        return this.#name === 'jane'
      }
    }
    expect(readUser(new Account())).toEqual({ authenticated: true, id: 'jane', roles: [] })
    expect(readUser(new Proxy(jane, {}))).toEqual({ authenticated: true, ...jane })
  })

  test('what throws when it is read is left out', () => {
    expect(
      readUser({
        get id() {
          return throwing()
        },
        email: 'a@b',
      }),
    ).toEqual({ authenticated: true, email: 'a@b', roles: [] })
    expect(readUser({ id: 'x', roles: revoked([]) })).toEqual({ authenticated: true, id: 'x', roles: [] })
    expect(readUser(revoked({}))).toBeNull()
    for (const place of ['user', 'auth', 'session', 'isAuthenticated'])
      expect(readUser(userFromNodeRequest({ [place]: revoked({}) }))).toBeNull()
    expect(readUser(userFromNodeRequest(revoked({})))).toBeNull()
    expect(fromOidcClaims({ resource_access: revoked({}), sub: 'x' })).toEqual({
      authenticated: true,
      id: 'x',
      roles: [],
    })
    expect(readUser(new Proxy({}, { get: throwing }))).toBeNull()
  })

  test('keeps nothing of the app’s: later changes do not show, frozen objects are fine', () => {
    const user = { id: 'x', roles: ['a'] }
    const facts = readUser(user)
    user.id = 'y'
    user.roles.push('b')
    expect(facts).toEqual({ authenticated: true, id: 'x', roles: ['a'] })
    expect(readUser(Object.freeze({ id: 'x', roles: Object.freeze(['a']) }))).toEqual(facts)
  })

  test('long texts are cut with a mark, never inside of a character, and only once', () => {
    const facts = readUser({ id: 'x'.repeat(2000), email: '😀'.repeat(600), realm: 'r'.repeat(1024) })
    expect(facts?.id).toHaveLength(1024)
    expect(facts?.id).toMatch(/^x+…\[cut: 2000 bytes\]$/)
    expect(facts?.email).toMatch(/^(😀)+…\[cut: 2400 bytes\]$/u)
    expect(facts?.realm).toBe('r'.repeat(1024))
    expect(readUser(facts)).toEqual(facts)
  })

  test('of very many roles the first are kept, and how many there were', () => {
    const roles = Array.from({ length: 250 }, (_, i) => `r${i}`)
    const facts = readUser({ roles })
    expect(facts?.roles).toEqual([...roles.slice(0, 99), '…[cut: 250 roles]'])
    expect(readUser({ roles: new Set(roles) })).toEqual(facts)
    expect(readUser(facts)).toEqual(facts)
    expect(readUser({ roles: roles.slice(0, 100) })?.roles).toEqual(roles.slice(0, 100))
    expect(readUser({ roles: new Array(4_000_000_000) })?.roles).toEqual(['…[cut: 4000000000 roles]'])
    expect(
      readUser({
        roles: Object.assign([], {
          *[Symbol.iterator]() {
            while (true) yield 'again'
          },
        }),
      })?.roles,
    ).toHaveLength(100)
  })

  test('any value at all gives null or the fixed shape, and never throws', () => {
    const names = [
      'authenticated',
      'isAuthenticated',
      'id',
      'email',
      'emails',
      'provider',
      'realm',
      'roles',
      'sub',
      'iss',
      'resource_access',
      '__proto__',
    ]
    const value = fc.oneof(
      fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withSet: true,
        withNullPrototype: true,
        withSparseArray: true,
      }),
      fc.func(fc.anything()),
      fc.constantFrom<unknown>(
        throwing,
        new Proxy({}, { get: throwing, ownKeys: throwing }),
        new Proxy([], { get: throwing }),
      ),
    )
    const answer = fc.oneof(value, fc.dictionary(fc.constantFrom(...names), value))
    const holds = (facts: ReturnType<typeof readUser>): void => {
      if (facts === null) return
      for (const [name, field] of Object.entries(facts)) {
        if (name === 'authenticated') expect(typeof field).toBe('boolean')
        else if (name === 'roles')
          expect(field.every((role: unknown) => typeof role === 'string' && role.length <= 1024)).toBe(true)
        else {
          expect(['id', 'email', 'provider', 'realm']).toContain(name)
          expect(typeof field === 'string' && field.length > 0 && field.length <= 1024).toBe(true)
        }
      }
      expect(Object.keys(facts)).toEqual(expect.arrayContaining(['authenticated', 'roles']))
    }
    fc.assert(
      fc.property(answer, (some) => {
        holds(readUser(some))
        holds(fromOidcClaims(some))
        holds(fromJwtClaims(some))
        holds(readUser(userFromNodeRequest(some)))
        for (const place of ['user', 'auth', 'session']) holds(readUser(userFromNodeRequest({ [place]: some })))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the user of a request', () => {
  const userOf = (req: unknown): unknown => readUser(userFromNodeRequest(req))
  const claims = { sub: 'u1', email: 'jane@example.org', iss: 'https://id.example.org' }
  const claimed = {
    authenticated: true,
    id: 'u1',
    email: 'jane@example.org',
    provider: 'https://id.example.org',
    roles: [],
  }

  test('comes from req.user, from req.auth, from its payload, or from passport’s session', () => {
    expect(userOf({ user: jane })).toEqual({ authenticated: true, ...jane })
    expect(userOf({ user: 'bob' })).toEqual({ authenticated: true, id: 'bob', roles: [] })
    expect(userOf({ user: claims })).toEqual(claimed)
    expect(userOf({ user: { ...claims, authenticated: false } })).toEqual({ ...claimed, authenticated: false })
    expect(userOf({ auth: claims })).toEqual(claimed)
    expect(userOf({ auth: { payload: claims, header: {}, token: 'x.y.z' } })).toEqual(claimed)
    expect(userOf({ session: { passport: { user: 7 } } })).toEqual({ authenticated: true, id: '7', roles: [] })
    expect(userOf({ user: jane, auth: claims })).toEqual({ authenticated: true, ...jane })
  })

  test.each([
    [undefined],
    [null],
    [{}],
    [{ user: undefined }],
    [{ user: null }],
    [{ user: [] }],
    [{ user: {} }],
    [{ session: {} }],
    [{ auth: {} }],
    [{ auth: () => claims }],
    [{ auth: { user: 'bob', password: 'pw' } }],
  ])('%o has none', (req) => {
    expect(userOf(req)).toBeNull()
  })

  test('is never read from the Authorization header', () => {
    for (const authorization of ['Basic YWRtaW46cHc=', 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.'])
      expect(userOf({ headers: { authorization }, rawHeaders: ['Authorization', authorization] })).toBeNull()
  })

  test('is authenticated as isAuthenticated() of the request says', () => {
    const yes = { isAuthenticated: (): boolean => true }
    const no = { isAuthenticated: (): boolean => false }
    expect(userOf({ ...yes, user: { username: 'bob' } })).toEqual({ authenticated: true, roles: [] })
    expect(userOf({ ...yes, user: jane })).toEqual({ authenticated: true, ...jane })
    expect(userOf({ ...yes, user: { ...jane, authenticated: false } })).toEqual({ authenticated: false, ...jane })
    expect(userOf({ ...no, user: jane })).toEqual({ authenticated: false, ...jane })
    expect(userOf({ ...no, user: { ...jane, authenticated: true } })).toEqual({ authenticated: false, ...jane })
    expect(userOf({ ...no, session: { passport: { user: 7 } } })).toBeNull()
    expect(userOf({ ...no, auth: claims })).toBeNull()
    for (const user of [[], {}]) expect(userOf({ ...yes, user })).toBeNull()
  })

  test('isAuthenticated() is called on the request', () => {
    const req = {
      user: { username: 'bob' },
      isAuthenticated(this: { user?: unknown }): boolean {
        return Boolean(this.user)
      },
    }
    expect(userOf(req)).toEqual({ authenticated: true, roles: [] })
  })
})

describe('claims', () => {
  const keycloak = {
    sub: 'f1',
    email: 'jane@example.org',
    preferred_username: 'jane',
    iss: 'https://id.example.org/auth/realms/city',
    realm_access: { roles: ['editor'] },
    resource_access: { account: { roles: ['view-profile'] }, bicycles: { roles: ['editor', 'viewer'] } },
  }

  test('of Keycloak name realm and roles', () => {
    expect(fromOidcClaims(keycloak)).toEqual({
      authenticated: true,
      id: 'f1',
      email: 'jane@example.org',
      provider: 'keycloak',
      realm: 'city',
      roles: ['editor', 'account:view-profile', 'bicycles:editor', 'bicycles:viewer'],
    })
  })

  test('of other issuers name the issuer', () => {
    const claims = { sub: 'a', iss: 'https://id.example.org', roles: ['x'], preferred_username: 'jane' }
    const expected = { authenticated: true, id: 'a', provider: 'https://id.example.org', roles: ['x'] }
    expect(fromOidcClaims(claims)).toEqual(expected)
    expect(fromJwtClaims(claims)).toEqual(expected)
  })

  test('fall back to the user name, and without any name are nobody’s', () => {
    expect(fromOidcClaims({ preferred_username: 'jane' })).toEqual({ authenticated: true, id: 'jane', roles: [] })
    for (const claims of [undefined, null, {}, [], 'token', { iss: 'https://id.example.org' }, { scope: 'read' }]) {
      expect(fromOidcClaims(claims)).toBeNull()
      expect(fromJwtClaims(claims)).toBeNull()
    }
  })
})
