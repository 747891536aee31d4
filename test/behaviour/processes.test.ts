import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temporary.ts'
import { run } from './processes.ts'

const oneRequest = `
const audited = nodeAudit()
const server = await listen(audited((req, res) => {
  req.auditLog.setResults({ plate: 'AB-12', password: 'hunter22' }).info('seen')
  res.end()
}))
for (const path of ['/health', '/page?plate=AB-12']) await get(server.port, path, { headers: { 'x-user': 'jane', 'x-forwarded-for': '203.0.113.7' } })
server.close()
await audited.audit.close()
`

describe('settings from the environment', () => {
  it('reach every part', async () => {
    const path = join(temporaryDirectory(), 'audit.log')
    const { code, stderr, stdout } = await run(oneRequest, {
      files: {
        'audit.cjs': `
          exports.user = (req) => req.headers['x-user']
          exports.file = { write: (line) => require('node:fs').appendFileSync(${JSON.stringify(path)}, line) }
          exports.both = [exports.file, (line) => process.stdout.write(line)]
          exports.format = (record) => JSON.stringify({ ...record, formatted: true })
          exports.censor = (value, name) => '<' + name + '>'
          exports.told = (error) => console.log(error.code)
        `,
      },
      env: {
        AUDIT_LOG_LOGGER_NAME: 'bicycles',
        AUDIT_LOG_EXEMPT_URLS: '["^/health$"]',
        AUDIT_LOG_LOG_HANDLER: './audit.cjs#both',
        AUDIT_LOG_LOG_FORMATTER: './audit.cjs#format',
        AUDIT_LOG_USER_FROM_REQUEST: './audit.cjs#user',
        AUDIT_LOG_TRUSTED_PROXIES: '["loopback"]',
        AUDIT_LOG_REDACT: '{"keys":["plate"],"query":["plate"],"censor":"./audit.cjs#censor"}',
        AUDIT_LOG_PSEUDONYMS: '{"key":"a key of the tests, thirty-two bytes long","keyId":"k1"}',
        AUDIT_LOG_ON_ERROR: './audit.cjs#told',
        AUDIT_LOG_CONTEXT: 'false',
        AUDIT_LOG_PRIVACY: '',
        AUDIT_LOG_COLOUR: 'red',
      },
    })
    expect([code, stderr]).toEqual([0, ''])
    const lines = readFileSync(path, 'utf8').split('\n')
    expect(lines).toHaveLength(2)
    expect(stdout).toBe(`UNKNOWN_VARIABLE\n${lines[0]}\n`)
    expect(JSON.parse(lines[0]!)).toMatchObject({
      formatted: true,
      logger: 'bicycles',
      http_request: { url: expect.stringMatching(/\/page\?plate=%3Cplate%3E$/) },
      user: { id: expect.stringMatching(/^hmac-sha256:k1:/), ip: '203.0.113.7' },
      results: { plate: '<plate>', password: '<password>' },
      message: 'seen',
    })
  })

  it('give way to options', async () => {
    const { code, records } = await run(
      oneRequest.replace(
        'nodeAudit()',
        `nodeAudit({ loggerName: 'own', exemptUrls: [], userFromRequest: () => ({ email: 'bob' }), logFormatter: undefined })`,
      ),
      {
        env: {
          AUDIT_LOG_LOGGER_NAME: 'environment',
          AUDIT_LOG_EXEMPT_URLS: 'no list at all',
          AUDIT_LOG_USER_FROM_REQUEST: './missing.cjs#user',
          AUDIT_LOG_LOG_FORMATTER: 'python-audit-log',
        },
      },
    )
    expect(code).toBe(0)
    const inner = records.map((record) => ('audit' in record ? record.audit : record))
    expect(inner).toHaveLength(2)
    expect(JSON.stringify(inner)).toContain('bob')
    expect(JSON.stringify(inner)).not.toContain('environment')
  })

  it('are refused with every fault at once, and nothing starts', async () => {
    const { code, stdout } = await run(
      `
      try {
        nodeAudit({ closeTimeoutMs: -1, logHandlr: 1, trustedProxies: ['10.0.0.0/99'] })
      } catch (error) {
        console.log(JSON.stringify([error.name, error.code, error.faults]))
      }
      createAuditLog({ exemptUrls: [], onFailure: 'open', userFromRequest: () => null, guarantee: 'best-effort' }).logger().info('opens').sendLog()
      `,
      {
        env: {
          AUDIT_LOG_EXEMPT_URLS: '"/health"',
          AUDIT_LOG_USER_FROM_REQUEST: './missing.cjs#hunter22',
          AUDIT_LOG_ON_FAILURE: 'clsoed',
          AUDIT_LOG_GUARANTEE: 'durable',
        },
      },
    )
    expect(code).toBe(0)
    const [faults, record] = stdout.trimEnd().split('\n')
    const [name, errorCode, list] = JSON.parse(faults!) as [string, string, string[]]
    expect([name, errorCode]).toEqual(['AuditError', 'SETTINGS_INVALID'])
    const told = [
      'logHandlr',
      'closeTimeoutMs',
      'trustedProxies[0]',
      'AUDIT_LOG_EXEMPT_URLS',
      'AUDIT_LOG_USER_FROM_REQUEST',
      'AUDIT_LOG_ON_FAILURE',
      'AUDIT_LOG_GUARANTEE',
    ]
    expect(list).toHaveLength(told.length)
    for (const setting of told)
      expect(
        list.some((fault) => fault.startsWith(setting)),
        setting,
      ).toBe(true)
    expect(record).toContain('opens')
  })

  it('switch the audit off', async () => {
    const { code, stdout, stderr } = await run(oneRequest, { env: { AUDIT_LOG_ENABLED: 'false' } })
    expect([code, stdout, stderr]).toEqual([0, '', ''])
  })
})

it('by default records go to standard output and trouble to standard error, at most a line a second, without contents', async () => {
  const started = Date.now()
  const { code, records, stderr } = await run(`
    const audited = nodeAudit({ userFromRequest: () => { throw new Error('hunter22') }, logHandler: [(line) => process.stdout.write(line), () => { throw new Error('hunter22') }] })
    const server = await listen(audited((req, res) => res.end()))
    for (let n = 0; n < 50; n++) await get(server.port, '/hunter22', { headers: { 'x-forwarded-for': '203.0.113.7' } })
    server.close()
    await audited.audit.close()
    audited.audit.logger().info('hunter22').sendLog()
  `)
  expect([code, records.length]).toEqual([0, 50])
  const lines = stderr.trimEnd().split('\n')
  expect(lines.length).toBeGreaterThan(0)
  expect(lines.length).toBeLessThanOrEqual(2 + (Date.now() - started) / 1_000)
  for (const line of lines) expect(line).toMatch(/^griffier: [A-Z_]+: /)
  expect(stderr).not.toContain('hunter22')
})

describe('time', () => {
  const overlapping = `
    const audited = nodeAudit()
    const now = Date.now
    let arrived
    const arrival = new Promise((resolve) => (arrived = resolve))
    const server = await listen(audited(async (req, res) => {
      if (req.url === '/slow') {
        arrived()
        await quick.then(() => new Promise((resolve) => setTimeout(resolve, 60)))
      }
      res.end()
    }))
    const slow = get(server.port, '/slow')
    const quick = arrival.then(async () => {
      Date.now = () => now() - 3_600_000
      await get(server.port, '/quick')
      Date.now = now
    })
    await slow
    server.close()
    await audited.audit.close()
  `
  it.each(['UTC', 'Asia/Kathmandu', 'America/St_Johns'])(
    'is UTC and the start of the request, in the zone %s',
    async (TZ) => {
      const before = Date.now()
      const { code, records } = await run(overlapping, { env: { TZ } })
      expect(code).toBe(0)
      const [quick, slow] = records
      expect(slow?.http_request?.url).toMatch(/slow$/)
      for (const { time, duration_ms } of records) {
        expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
        expect(duration_ms).toBeGreaterThanOrEqual(0)
      }
      expect(slow!.duration_ms).toBeGreaterThanOrEqual(55)
      expect(Date.parse(slow!.time)).toBeGreaterThanOrEqual(before)
      expect(Date.parse(slow!.time)).toBeLessThanOrEqual(Date.now() - 55)
      // The wall clock is what the machine said, also when it was wrong.
      expect(Date.parse(quick!.time)).toBeLessThan(before - 3_000_000)
      expect(quick!.duration_ms).toBeLessThan(60_000)
    },
  )
})

it('a clock that jumps back during a request leaves its duration true', async () => {
  const { records } = await run(`
    const audited = nodeAudit()
    const now = Date.now
    const server = await listen(audited((req, res) => {
      Date.now = () => now() - 3_600_000
      setTimeout(() => res.end(), 30)
    }))
    await get(server.port, '/')
    server.close()
    await audited.audit.close()
  `)
  expect(records[0]!.duration_ms).toBeGreaterThanOrEqual(25)
  expect(records[0]!.duration_ms).toBeLessThan(60_000)
})

it('a process that exits leaves the records of requests whose user is still being looked up', async () => {
  for (const ending of ['process.exit()', 'server.close(); server.closeAllConnections()']) {
    const { records } = await run(`
      const audited = nodeAudit({ userFromRequest: () => new Promise(() => {}) })
      const server = await listen(audited((req, res) => res.end('ok')))
      await get(server.port, '/', { agent: false })
      ${ending}
    `)
    expect(records.map(({ outcome, user }) => [outcome, user?.authenticated])).toEqual([['success', false]])
  }
})

it('a request is forgotten once it is recorded, also on a connection that stays open', async () => {
  const { code, stdout, stderr } = await run(
    `
    import http from 'node:http'
    const sink = memorySink()
    const audited = nodeAudit({ logHandler: sink, userFromRequest: async (req) => ({ id: req.url }) })
    const requests = []
    const server = await listen(audited(async (req, res) => {
      requests.push(new WeakRef(req), new WeakRef(res), new WeakRef(req.auditLog))
      req.user = { id: 'x' }
      audited.audit.current().setResults([req.url])
      await new Promise((resolve) => setImmediate(resolve))
      res.end('ok')
    }))
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    for (let n = 0; n < 300; n++) await get(server.port, '/' + n, { agent })
    await sink.waitFor(300, 30_000)
    // Node's own cache of the date belongs to the request that filled it, for a second.
    const aliveNow = () => requests.slice(0, -30).filter((reference) => reference.deref() !== undefined).length
    for (let n = 0; n < 200 && aliveNow() > 0; n++) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      gc()
    }
    const alive = aliveNow()
    const sockets = await new Promise((resolve) => server.getConnections((_, count) => resolve(count)))
    console.log(JSON.stringify({ alive, sockets }))
    agent.destroy()
    server.close()
    await audited.audit.close()
  `,
    { flags: ['--expose-gc'] },
  )
  expect([code, stderr]).toEqual([0, ''])
  expect(JSON.parse(stdout)).toEqual({ alive: 0, sockets: 1 })
})
