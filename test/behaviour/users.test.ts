import express, { type Request, type RequestHandler } from 'express'
import session from 'express-session'
import passport from 'passport'
import { describe, expect, it } from 'vitest'
import { expressAudit } from '../../src/adapters/express.ts'
import { nodeAudit } from '../../src/adapters/node.ts'
import { get, type Opened, ofPath, open, quietApp, send, sendRaw, serve, sleep } from './audited.ts'

interface WithUser {
  user?: unknown
  auth?: unknown
  isAuthenticated?: unknown
}

const jane = { id: 'u-1', email: 'jane@example.org', provider: 'keycloak', realm: 'city', roles: ['editor'] }
const janeRecorded = { authenticated: true, ...jane, ip: '127.0.0.1' }

/** One GET to an Express app whose only handler this is. */
async function visit(opened: Opened, handler: RequestHandler, ...before: RequestHandler[]) {
  const app = quietApp().use(expressAudit(opened.audit), ...before, handler)
  const answer = await send(await serve(app), '/page')
  return { answer, user: (await opened.record()).user }
}

function signIn(user: unknown): RequestHandler {
  return (req, _res, next) => {
    ;(req as WithUser).user = user
    next()
  }
}

const ok: RequestHandler = (_req, res) => void res.send('ok')

describe('the user of a record is', () => {
  it('who authentication, mounted after the audit, found', async () => {
    expect((await visit(open(), ok, signIn(jane))).user).toEqual(janeRecorded)
  })

  it('found as well when authentication takes its time', async () => {
    const slow: RequestHandler = async (req, _res, next) => {
      await sleep(5)
      ;(req as WithUser).user = jane
      next()
    }
    expect((await visit(open(), ok, slow)).user).toEqual(janeRecorded)
  })

  it('anonymous where nobody signed in', async () => {
    expect((await visit(open(), ok)).user).toEqual({ authenticated: false, roles: [], ip: '127.0.0.1' })
  })

  it('who logged out, however a logout takes the user away', async () => {
    const logouts: Record<string, RequestHandler> = {
      delete: (req, _res, next) => {
        delete (req as WithUser).user
        next()
      },
      null: signIn(null),
      undefined: signIn(undefined),
      later: async (req, _res, next) => {
        await sleep(2)
        ;(req as WithUser).user = null
        next()
      },
    }
    for (const logout of Object.values(logouts))
      expect((await visit(open(), ok, signIn(jane), logout)).user).toEqual(janeRecorded)
  })

  it('who logged out, also where a logout empties the very object', async () => {
    const account: Record<string, unknown> = { ...jane }
    const emptying: RequestHandler = (_req, _res, next) => {
      for (const name of Object.keys(account)) delete account[name]
      next()
    }
    expect((await visit(open(), ok, signIn(account), emptying)).user).toEqual(janeRecorded)
  })

  it('who logged out, also where a logout leaves a guest', async () => {
    const guest = { id: 'guest', authenticated: false, roles: ['guest'] }
    expect((await visit(open(), ok, signIn(jane), signIn(guest))).user).toEqual(janeRecorded)
    expect((await visit(open(), ok, signIn(guest))).user).toEqual({ ...guest, ip: '127.0.0.1' })
  })

  it('as it was at the end, where a request changes it', async () => {
    const account: Record<string, unknown> = { id: 'u-1' }
    const completing: RequestHandler = (_req, _res, next) => {
      account.roles = ['editor']
      next()
    }
    const { user } = await visit(open(), ok, signIn(account), completing)
    expect(user).toMatchObject({ id: 'u-1', roles: ['editor'] })
  })

  it('the last one who was signed in, where a request signs in as another', async () => {
    const { user } = await visit(open(), ok, signIn(jane), signIn({ email: 'bob@example.org' }))
    expect(user).toMatchObject({ email: 'bob@example.org', roles: [] })
  })

  it('who signs in during the request, and who signs out, with passport and its session', async () => {
    const opened = open()
    const port = await serve(passportApp(opened))
    const login = await send(port, '/login', { method: 'POST' })
    const headers = { cookie: String(login.headers['set-cookie']).split(';', 1)[0]! }
    expect((await send(port, '/me', { headers })).body).toBe('u-1')
    expect((await send(port, '/logout', { method: 'POST', headers })).body).toBe('nobody')
    expect((await send(port, '/me', { headers })).body).toBe('nobody')
    const records = await opened.records(4)
    expect(records.map(({ user }) => [user?.authenticated, user?.id])).toEqual([
      [true, 'u-1'],
      [true, 'u-1'],
      [true, 'u-1'],
      [false, undefined],
    ])
  })

  it('known although the session was destroyed before the answer', async () => {
    const opened = open({ userFromRequest: (req: Request) => (req.session as { account?: unknown } | null)?.account })
    const destroying: RequestHandler = (req, res) => {
      Object.assign(req.session, { account: { id: 'u-1' } })
      req.auditLog.info('Signs out')
      req.session.destroy(() => res.send('bye'))
    }
    const sessions = session({ secret: 'a secret of this test', resave: false, saveUninitialized: true })
    expect((await visit(opened, destroying, sessions)).user).toMatchObject({ authenticated: true, id: 'u-1' })
  })

  it('found on req.auth, where libraries for tokens put the claims that they verified', async () => {
    const auth: RequestHandler = (req, _res, next) => {
      ;(req as WithUser).auth = { sub: 'u-1', email: 'jane@example.org', iss: 'https://id.example.org/realms/city' }
      next()
    }
    expect((await visit(open(), ok, auth)).user).toMatchObject({
      authenticated: true,
      id: 'u-1',
      email: 'jane@example.org',
      provider: 'keycloak',
      realm: 'city',
    })
  })

  it('what the app says with setUser, whatever is found elsewhere before and after', async () => {
    const says: RequestHandler = (req, res) => {
      req.auditLog.setUser({ email: 'service@example.org', roles: 'machine' })
      ;(req as WithUser).user = { email: 'late@example.org' }
      res.send('ok')
    }
    expect((await visit(open(), says, signIn(jane))).user).toEqual({
      authenticated: true,
      email: 'service@example.org',
      roles: ['machine'],
      ip: '127.0.0.1',
    })
  })

  it('never who a request only claims to be', async () => {
    const opened = open()
    const refuse: RequestHandler = (_req, res) => void res.status(401).send('no')
    const port = await serve(quietApp().use(expressAudit(opened.audit), refuse))
    const unsigned = ['{"alg":"none"}', '{"sub":"admin","email":"admin@example.com"}', '']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.')
    const basic = Buffer.from('admin@example.com:guess\r\n- - forged').toString('base64')
    for (const authorization of [`Basic ${basic}`, `Bearer ${unsigned}`])
      await send(port, '/', { headers: { authorization } })
    for (const record of await opened.records(2)) {
      expect(record.user).toEqual({ authenticated: false, roles: [], ip: '127.0.0.1' })
      expect(record.outcome).toBe('denied')
      expect(JSON.stringify(record)).not.toContain('admin')
    }
  })
})

function passportApp({ audit }: Opened) {
  const own = new passport.Passport()
  own.serializeUser((user, done) => done(null, user))
  own.deserializeUser((user: Express.User, done) => done(null, user))
  const app = quietApp().use(expressAudit(audit))
  app.use(session({ secret: 'a secret of this test', resave: false, saveUninitialized: false }))
  app.use(own.initialize(), own.session())
  const id = (req: Request) => (req.user as typeof jane | undefined)?.id ?? 'nobody'
  app.post('/login', (req, res, next) => req.login(jane, (error) => (error ? next(error) : res.send(id(req)))))
  app.post('/logout', (req, res, next) => req.logout((error) => (error ? next(error) : res.send(id(req)))))
  app.get('/me', (req, res) => void res.send(id(req)))
  return app
}

describe('a function of the app that says who acts', () => {
  it('may answer later', async () => {
    const opened = open({ userFromRequest: async () => sleep(10).then(() => jane) })
    expect((await visit(opened, ok)).user).toEqual(janeRecorded)
  })

  it('gets the request of the framework', async () => {
    const opened = open({ userFromRequest: (req: Request) => req.get('x-user') })
    const port = await serve(quietApp().use(expressAudit(opened.audit), ok))
    await send(port, '/', { headers: { 'x-user': 'u-9' } })
    expect((await opened.record()).user?.id).toBe('u-9')
  })

  it('may fail: the request is answered, the record is kept, the failure is told', async () => {
    const failures: (() => unknown)[] = [
      () => {
        throw new Error('directory down')
      },
      () => Promise.reject(new Error('directory down')),
      // biome-ignore lint/suspicious/noThenProperty: a hostile answer
      () => ({ then: (_: unknown, reject: (error: unknown) => void) => reject(new Error('directory down')) }),
    ]
    for (const userFromRequest of failures) {
      const opened = open({ userFromRequest })
      const { answer, user } = await visit(opened, ok)
      expect(answer.status).toBe(200)
      expect(user).toEqual({ authenticated: false, roles: [], ip: '127.0.0.1' })
      expect(opened.errors.map(({ code }) => code)).toContain('USER_NOT_READ')
    }
  })

  it('may give an answer that throws when it is looked at', async () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const answers: object[] = [
      proxy,
      Object.defineProperty({}, 'then', {
        get() {
          throw new Error('no')
        },
      }),
      {
        id: 'u-1',
        get email() {
          throw new Error('no')
        },
      },
    ]
    for (const answer of answers) {
      const opened = open({ userFromRequest: () => answer })
      expect((await visit(opened, ok)).answer.status).toBe(200)
    }
  })

  it('may answer out of turn: who was found last in the request counts, not who was found slowest', async () => {
    const answers = [sleep(30).then(() => ({ id: 'first' })), sleep(5).then(() => ({ id: 'last' })), null]
    const opened = open({ userFromRequest: () => answers.shift() ?? null })
    const { user } = await visit(opened, ok, annotating)
    expect(user).toMatchObject({ authenticated: true, id: 'last' })
  })

  it('may answer at once first and later then', async () => {
    const answers = [{ id: 'first' }, Promise.resolve({ id: 'last' })]
    const opened = open({ userFromRequest: () => answers.shift() ?? null })
    expect((await visit(opened, ok, annotating)).user).toMatchObject({ id: 'last' })
  })

  it('may answer out of turn during a logout: the user stays known', async () => {
    const answers = [sleep(20).then(() => ({ id: 'first' })), Promise.resolve({ authenticated: false, id: 'nobody' })]
    const opened = open({ userFromRequest: () => answers.shift() ?? null })
    const { user } = await visit(opened, ok, annotating)
    expect(user).toMatchObject({ authenticated: true, id: 'first' })
  })

  it('may never answer: the record comes all the same, with the user known before, within the time that close has', async () => {
    const opened = open({
      userFromRequest: (req: WithUser) => (req.user === undefined ? { id: 'before' } : new Promise(() => {})),
    })
    const port = await serve(quietApp().use(expressAudit(opened.audit), annotating, signIn(jane), ok))
    expect((await send(port, '/')).body).toBe('ok')
    expect(opened.sink.records).toEqual([])
    await opened.audit.close()
    expect(opened.sink.records.map(({ user, outcome }) => [user?.id, outcome])).toEqual([['before', 'success']])
    expect(opened.audit.health().counters).toMatchObject({ recorded: 1, lost: 0, afterClose: 0 })
  })

  const annotating: RequestHandler = (req, _res, next) => {
    req.auditLog.info('begins')
    next()
  }
})

describe('users of odd shapes', () => {
  class Account {
    get email() {
      return 'class@example.org'
    }
    get roles() {
      return new Set(['a', 'b'])
    }
  }
  const shapes: [string, unknown, object][] = [
    ['undefined', undefined, { authenticated: false, roles: [] }],
    ['null', null, { authenticated: false, roles: [] }],
    ['an empty list', [], { authenticated: false, roles: [] }],
    ['an empty object', {}, { authenticated: false, roles: [] }],
    ['a text', 'bob', { authenticated: true, id: 'bob', roles: [] }],
    ['a number', 7, { authenticated: true, id: '7', roles: [] }],
    ['roles as text', { roles: 'admin' }, { authenticated: true, roles: ['admin'] }],
    ['roles as a Set', { id: 1n, roles: new Set(['a']) }, { authenticated: true, id: '1', roles: ['a'] }],
    ['roles of no kind', { id: 'x', roles: { a: 1 } }, { authenticated: true, id: 'x', roles: [] }],
    ['one that says no', { id: 'x', isAuthenticated: () => false }, { authenticated: false, id: 'x', roles: [] }],
    ['a class', new Account(), { authenticated: true, email: 'class@example.org', roles: ['a', 'b'] }],
    ['a proxy', new Proxy(new Account(), {}), { authenticated: true, email: 'class@example.org', roles: ['a', 'b'] }],
    [
      'a passport profile',
      { id: 'p', emails: [{ value: 'p@example.org' }] },
      { authenticated: true, id: 'p', email: 'p@example.org', roles: [] },
    ],
    [
      'line breaks',
      { email: 'a@example.org\n{"id":1}' },
      { authenticated: true, email: 'a@example.org\n{"id":1}', roles: [] },
    ],
  ]
  it.each(shapes)('%s', async (_name, user, expected) => {
    expect((await visit(open(), ok, signIn(user))).user).toEqual({ ...expected, ip: '127.0.0.1' })
  })

  it('a getter that throws costs its own field only', async () => {
    const account = Object.defineProperty({ id: 'x' }, 'email', {
      get() {
        throw new Error('lazy')
      },
    })
    const { answer, user } = await visit(open(), ok, signIn(account))
    expect(answer.status).toBe(200)
    expect(user).toMatchObject({ authenticated: true, id: 'x' })
  })
})

it('roles that the app changes later stay as they were at the response', async () => {
  const account = { id: 'x', roles: ['reader'] }
  const opened = open()
  const promoting: RequestHandler = (_req, res) => {
    res.send('ok')
    setImmediate(() => account.roles.push('admin'))
  }
  const { user } = await visit(opened, promoting, signIn(account))
  account.roles.push('root')
  expect(user?.roles).toEqual(['reader'])
  expect(Object.isFrozen(account) || Object.isFrozen(account.roles)).toBe(false)
})

it('a request shows its user as it would without griffier', async () => {
  const seen: unknown[] = []
  const looking: RequestHandler = (req, res) => {
    seen.push({
      keys: Object.keys(req).includes('user'),
      copied: { ...req }.user,
      own: Object.getOwnPropertyDescriptor(req, 'user'),
      enumerated: (() => {
        for (const name in req) if (name === 'user') return true
        return false
      })(),
    })
    res.send('ok')
  }
  await send(await serve(quietApp().use(signIn(jane), looking)), '/')
  await send(await serve(quietApp().use(expressAudit(open().audit), signIn(jane), looking)), '/')
  await send(await serve(quietApp().use(looking)), '/')
  await send(await serve(quietApp().use(expressAudit(open().audit), looking)), '/')
  expect(seen[1]).toEqual(seen[0])
  const { own, ...rest } = seen[3] as { own: unknown }
  expect(rest).toEqual((({ own: _, ...others }) => others)(seen[2] as { own: unknown }))
})

it('two audit logs each keep the user of the request, also of a logout', async () => {
  const [one, two] = [
    open(),
    open({ userFromRequest: (req: WithUser) => (req.user as typeof jane | undefined)?.email }),
  ]
  const app = quietApp().use(expressAudit(one.audit), expressAudit(two.audit), signIn(jane), (req, res) => {
    delete (req as WithUser).user
    res.send('bye')
  })
  await send(await serve(app), '/')
  expect((await one.record()).user).toEqual(janeRecorded)
  expect((await two.record()).user).toEqual({ authenticated: true, id: jane.email, roles: [], ip: '127.0.0.1' })
})

it('a plain node handler that says what it does while somebody is signed in is seen, also where it then signs out', async () => {
  const opened = open()
  const port = await serve(
    nodeAudit(opened.audit)((req, res) => {
      const request = req as WithUser
      request.user = jane
      req.auditLog.info('Signs in, or out')
      if (req.url === '/logout') request.user = undefined
      res.end()
    }),
  )
  await sendRaw(port, get('/logout'))
  await sendRaw(port, get('/stay'))
  const records = await opened.records(2)
  for (const path of ['/logout', '/stay']) expect(ofPath(records, path).user).toEqual(janeRecorded)
})

it('an app may define the user as an accessor of its own', async () => {
  const opened = open()
  const app = quietApp().use(expressAudit(opened.audit))
  app.use((req, res) => {
    Object.defineProperty(req, 'user', { get: () => jane, configurable: true })
    res.send('ok')
  })
  await send(await serve(app), '/')
  expect((await opened.record()).user).toEqual(janeRecorded)
})

it('a prototype of requests that declares a user keeps its meaning', async () => {
  const opened = open()
  const app = express()
  Object.defineProperty(app.request, 'user', { get: () => jane, configurable: true })
  app.use(
    expressAudit(opened.audit),
    (req, res) => void res.send((req.user as typeof jane | undefined)?.id ?? 'nobody'),
  )
  expect((await send(await serve(app), '/')).body).toBe('u-1')
  expect((await opened.record()).user).toEqual(janeRecorded)
})
