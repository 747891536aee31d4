import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAuditLog } from 'griffier'

const parent = mkdtempSync(join(tmpdir(), 'bicycles-'))
const directory = join(parent, 'audit')

// #region rules
const audit = createAuditLog({
  trail: { directory },
  logHandler: [],
  rules: [
    { path: '^/keys/', keep: 'full', guarantee: 'recorded-first', onFailure: 'closed' },
    { method: ['POST', 'PUT', 'PATCH', 'DELETE'], keep: 'full', guarantee: 'durable', onFailure: 'closed' },
    { path: '^/map/', keep: 'metadata', guarantee: 'best-effort' },
  ],
})
// #endregion

await audit.ready
const inForce = (method: string, path: string): string => audit.explain({ method, path }).guarantee
assert.equal(inForce('GET', '/bicycles'), 'written')
assert.equal(inForce('POST', '/bicycles'), 'durable')
assert.equal(inForce('GET', '/keys/7'), 'recorded-first')
assert.equal(inForce('GET', '/map/7'), 'best-effort')
await audit.logger().info('Counted bicycles').sendLog()
await audit.close()
assert.equal(audit.health().trail?.durableSize, 3)
rmSync(parent, { recursive: true })
