import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import http from 'node:http'
import type { Settings } from 'griffier'
import { nodeAudit } from 'griffier/node'
import { memorySink } from 'griffier/testing'
import { urlOf } from './support/serve.ts'

const key = 'an example key of 32 bytes or more'

/** The record of a request under these settings. */
async function recordOf(settings: Settings, path = '/', headers: Record<string, string> = {}) {
  const sink = memorySink()
  const audited = nodeAudit({ ...settings, logHandler: sink, loggerName: crypto.randomUUID(), onError: () => {} })
  const server = http.createServer(
    audited((req, res) => {
      req.auditLog
        .setUser({ id: 'jane', email: 'jane@example.org' })
        .setFilter('Bicycle', { plate: 'NL-0042', password: 'hunter2' })
        .info('Opened with pin=1234')
      res.end()
    }),
  )
  await fetch((await urlOf(server)) + path, { headers: { ...headers, connection: 'close' } })
  server.close()
  await audited.audit.close()
  return sink.records[0]
}

// By default.
const usual = await recordOf({}, '/?q=red&token=s3cr3t')
assert.match(usual?.http_request?.url ?? '', /\/\?q=red&token=REDACTED$/)
assert.deepEqual(usual?.filter?.kwargs, { plate: 'NL-0042', password: 'REDACTED' })
assert.equal(usual?.message, 'Opened with pin=REDACTED')

// #region extend
const extended: Settings = { redact: { query: ['member'], keys: ['plate'], censor: '***' } }
// #endregion
const more = await recordOf(extended, '/?member=7&token=s3cr3t')
assert.match(more?.http_request?.url ?? '', /member=\*\*\*&token=\*\*\*$/)
assert.deepEqual(more?.filter?.kwargs, { plate: '***', password: '***' })

// #region replace
const replaced: Settings = { redact: { mode: 'replace', query: ['member'] } }
// #endregion
const other = await recordOf(replaced, '/?member=7&token=s3cr3t')
assert.match(other?.http_request?.url ?? '', /member=REDACTED&token=s3cr3t$/)

// #region censor
const hinting: Settings = { redact: { censor: (value) => `[${String(value).length} characters]` } }
// #endregion
assert.equal((await recordOf(hinting))?.message, 'Opened with pin=[4 characters]')

// #region strict
const strict: Settings = { privacy: 'strict', redact: { query: ['page'], keys: ['plate'] } }
// #endregion
const kept = await recordOf(strict, '/?page=2&q=red')
assert.match(kept?.http_request?.url ?? '', /page=2&q=REDACTED$/)
assert.deepEqual(kept?.filter?.kwargs, { plate: 'NL-0042', password: 'REDACTED' })

// #region pseudonyms
const pseudonymous: Settings = { pseudonyms: { key, keyId: '2026', fields: ['id', 'email'] } }
// #endregion
const unnamed = await recordOf(pseudonymous)
assert.equal(unnamed?.user?.id, `hmac-sha256:2026:${createHmac('sha256', key).update('jane').digest('hex')}`)

// #region proxies
const behindProxy: Settings = { trustedProxies: ['127.0.0.1', '10.0.0.0/8'] }
// #endregion
const forwarded = { 'x-forwarded-for': '6.6.6.6, 203.0.113.7, 10.1.2.3' }
assert.equal((await recordOf(behindProxy, '/', forwarded))?.user?.ip, '203.0.113.7')
assert.equal((await recordOf({}, '/', forwarded))?.user?.ip, '127.0.0.1')

// #region exempt
const quiet: Settings = { exemptUrls: [/^\/health$/, /^\/static\//] }
// #endregion
assert.equal(await recordOf(quiet, '/static/bicycle.css?v=2'), undefined)
assert.notEqual(await recordOf(quiet, '/static/%2e%2e/bicycles'), undefined)
assert.notEqual(await recordOf(quiet, '/static/a%2fb'), undefined)

console.log('privacy: what should be hidden is hidden')
