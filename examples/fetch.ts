import assert from 'node:assert/strict'
import type { AuditRecord } from 'griffier'
import { memorySink } from 'griffier/testing'

const sink = memorySink()

// #region use
import { fetchAudit } from 'griffier/fetch'

const audited = fetchAudit({
  logHandler: sink,
  trustedProxies: 1,
  forwardedHeader: 'cf-connecting-ip',
})

const worker = {
  fetch: audited(async (request) => {
    audited.auditLogOf(request).info('Said hello')
    return new Response('hello')
  }),
}
// #endregion

// #region freeze
const frozen = fetchAudit({ loggerName: 'frozen', logHandler: sink, flushBeforeEnd: true })
// #endregion

// #region address
interface Connection {
  readonly remoteAddr: { readonly hostname: string }
}

const withAddress = fetchAudit({
  loggerName: 'with_address',
  logHandler: sink,
  clientAddress: (_request: Request, connection: Connection) => connection.remoteAddr.hostname,
})
// #endregion

const request = (): Request =>
  new Request('https://app.example.org/', { headers: { 'cf-connecting-ip': '203.0.113.7' } })
await (await worker.fetch(request())).text()
await frozen(() => new Response(null, { status: 204 }))(request())
await withAddress(() => new Response(null))(request(), { remoteAddr: { hostname: '198.51.100.4' } })
const audits = [audited.audit, frozen.audit, withAddress.audit]
for (const audit of audits) await audit.flush()
for (const audit of audits) await audit.close()

const seen = (name: string): AuditRecord | undefined => sink.records.find(({ logger }) => logger === name)
assert.deepEqual([seen('audit_log')?.message, seen('audit_log')?.user?.ip], ['Said hello', '203.0.113.7'])
assert.equal(seen('frozen')?.http_response?.status_code, 204)
assert.equal(seen('with_address')?.user?.ip, '198.51.100.4')
console.log('fetch: three handlers, a record each')
