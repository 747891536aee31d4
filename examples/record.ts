// The record of docs/record.md, the same in every run.
import assert from 'node:assert/strict'
import http from 'node:http'
import { createAuditLog } from 'griffier'
import { nodeAudit } from 'griffier/node'
import { fixedClock, fixedIds, memorySink } from 'griffier/testing'
import { urlOf } from './support/serve.ts'

const sink = memorySink()
const clock = fixedClock()
const audit = createAuditLog(
  {
    logHandler: sink,
    trustedProxies: ['loopback'],
    userFromRequest: () => ({
      id: 'jane',
      email: 'jane@example.org',
      provider: 'keycloak',
      realm: 'city',
      roles: ['editor'],
    }),
  },
  { clock, ids: fixedIds() },
)
const server = http.createServer(
  nodeAudit(audit)((req, res) => {
    req.auditLog
      .setFilter('Bicycle', ['colour'], 'red')
      .setResults([{ id: 1, frame: 'NL-0042', pin: 1234 }])
      .info('Searched bicycles')
    clock.tick(12.4)
    res.sendDate = false
    res.setHeader('Content-Type', 'application/json')
    res.setHeader('Set-Cookie', ['a=1', 'b=2'])
    res.setHeader('Connection', 'close')
    res.end('[]')
  }),
)
await fetch(`${await urlOf(server)}/bicycles?q=red&token=s3cr3t`, {
  headers: {
    'user-agent': 'curl/8.5.0',
    'x-forwarded-for': '203.0.113.7',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'app.example.org',
    'x-request-id': 'req-1',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  },
})
server.close()
await audit.close()

assert.equal(sink.records.length, 1)
console.log(JSON.stringify(sink.records[0]))
