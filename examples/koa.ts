import assert from 'node:assert/strict'
import http from 'node:http'
import { memorySink } from 'griffier/testing'
import { urlOf } from './support/serve.ts'

const sink = memorySink()
const bicycles = [
  { id: 1, colour: 'red' },
  { id: 2, colour: 'blue' },
]

// #region use
import Router from '@koa/router'
import { createAuditLog } from 'griffier'
import { koaAudit } from 'griffier/koa'
import Koa from 'koa'

const audit = createAuditLog({ logHandler: sink, exemptUrls: [/^\/health$/] })

const app = new Koa()
app.use(koaAudit(audit))
// #endregion

// #region errors
app.use(async (ctx, next) => {
  try {
    await next()
  } catch (error) {
    ctx.auditLog.error(`Failed: ${error instanceof Error ? error.message : 'unknown'}`)
    ctx.status = 503
    ctx.body = { error: 'Try again later' }
  }
})
// #endregion

// #region annotate
const router = new Router()
router.get('/health', (ctx) => {
  ctx.body = 'ok'
})
router.get('/bicycles', (ctx) => {
  const found = bicycles.filter(({ colour }) => colour === ctx.query.colour)
  ctx.auditLog
    .setFilter('Bicycle', ['colour'], ctx.query.colour)
    .setResults(found.map(({ id }) => ({ id })))
    .info('Searched bicycles')
  ctx.body = found
})
// #endregion

router.get('/broken', () => {
  throw new TypeError('no such table')
})
app.use(router.routes())

// #region server
import { nodeAudit } from 'griffier/node'

const audited = nodeAudit(audit)
const server = audited.attach(http.createServer(audited.serverOptions, app.callback()))
// #endregion

const url = await urlOf(server)
await fetch(`${url}/health`)
await fetch(`${url}/bicycles?colour=red`)
await fetch(`${url}/broken`)

// #region close
server.closeAllConnections()
await new Promise((resolve) => server.close(resolve))
await audit.close()
// #endregion

const [search, broken, ...rest] = sink.records
assert.deepEqual(rest, [])
assert.deepEqual(search?.filter, { object: 'Bicycle', fields: ['colour'], terms: 'red' })
assert.deepEqual(search?.results, [{ id: 1 }])
assert.deepEqual([broken?.type, broken?.message], ['ERROR', 'Failed: no such table'])
assert.deepEqual([broken?.http_response?.status_code, broken?.outcome], [503, 'failure'])
console.log('koa: 2 requests, and none for /health')
