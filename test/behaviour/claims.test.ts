import { expect, test } from 'vitest'
import { expressAudit } from '../../src/adapters/express.ts'
import { fromJwtClaims, fromOidcClaims } from '../../src/index.ts'
import { open, quietApp, serve } from './audited.ts'

const claims = {
  sub: 'f:1:jane',
  email: 'jane@example.org',
  iss: 'https://login.example.org/realms/city',
  realm_access: { roles: ['editor'] },
  resource_access: { bicycles: { roles: ['admin'] } },
}

test.each([
  ['Keycloak', fromOidcClaims, { provider: 'keycloak', realm: 'city', roles: ['editor', 'bicycles:admin'] }],
  ['a plain JWT', fromJwtClaims, { provider: 'https://login.example.org/realms/city', roles: [] }],
])('the claims of %s that the app verified name the user', async (_name, read, expected) => {
  const { audit, record } = open({ userFromRequest: (req: object) => read(Reflect.get(req, 'claims')) } as never)
  const app = quietApp()
  app.use(expressAudit(audit), (req, res) => {
    Object.assign(req, { claims })
    res.end('ok')
  })
  const port = await serve(app)
  await (await fetch(`http://127.0.0.1:${port}/x`)).text()
  expect((await record()).user).toEqual({
    authenticated: true,
    id: 'f:1:jane',
    email: 'jane@example.org',
    ip: '127.0.0.1',
    ...expected,
  })
})
