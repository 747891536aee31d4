// An app in ECMAScript modules that uses a library in CommonJS; both load griffier, and share its state.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import express from 'express'
import { createAuditLog } from 'griffier'
import { expressAudit } from 'griffier/express'

const require = createRequire(import.meta.url)
const required = require('griffier')
const requiredExpress = require('griffier/express')

const audit = createAuditLog({ loggerName: 'shared' })
assert.throws(() => required.createAuditLog({ loggerName: 'shared', logHandler: () => {} }), {
  name: 'AuditError',
  code: 'SETTINGS_INVALID',
  message: /an audit log named shared is open/,
})

const app = express()
app.use(expressAudit(audit))
app.use(requiredExpress.expressAudit(audit))
app.get('/once', (_req, res) => res.send('once'))
const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')
const answer = await fetch(`http://127.0.0.1:${server.address().port}/once`)
assert.equal(await answer.text(), 'once')
server.close()
await audit.close()
