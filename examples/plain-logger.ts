import assert from 'node:assert/strict'
import { memorySink } from 'griffier/testing'

const sink = memorySink()

// #region use
import { createAuditLog } from 'griffier'

const audit = createAuditLog({ logHandler: sink, loggerName: 'nightly' })

await audit
  .logger()
  .setUser({ id: 'cleaner', roles: ['batch'] })
  .setFilter('Bicycle', { unseenSince: '2016-11-25' })
  .setResults({ removed: 12 })
  .info('Removed bicycles that nobody asked for in ten years')
  .sendLog()

await audit.close()
// #endregion

const [record, ...rest] = sink.records
assert.deepEqual(rest, [])
assert.deepEqual(record?.filter, { object: 'Bicycle', kwargs: { unseenSince: '2016-11-25' } })
assert.deepEqual(record?.user, { authenticated: true, id: 'cleaner', roles: ['batch'], ip: null })
assert.equal(record?.http_request, undefined)
console.log('plain-logger: one record without a request')
