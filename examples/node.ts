import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createAuditLog } from 'griffier'
import { memorySink } from 'griffier/testing'
import { urlOf } from './support/serve.ts'

const sink = memorySink()
const audit = createAuditLog({ logHandler: sink })

// #region use
import http from 'node:http'
import { nodeAudit } from 'griffier/node'

const audited = nodeAudit(audit)
const handler = audited((req, res) => {
  req.auditLog.info('Said hello')
  res.end('hello')
})
const plain = http.createServer(handler)
// #endregion

// #region attach
const server = audited.attach(http.createServer(audited.serverOptions, handler))

// #endregion

// #region http2
import http2 from 'node:http2'

const modern = http2.createServer(
  audited<http2.Http2ServerRequest, http2.Http2ServerResponse>((_req, res) => res.end()),
)
// #endregion

await fetch(await urlOf(plain))
const url = await urlOf(server)
await fetch(url)

const client = http2.connect(await urlOf(modern))
const stream = client.request({ ':path': '/streams' }).resume()
await once(stream, 'end')
client.close()

const socket = connect(Number(new URL(url).port), '127.0.0.1')
socket.end('This is not HTTP\r\n\r\n')
await once(socket.resume(), 'close')

for (const each of [plain, server, modern]) {
  if ('closeAllConnections' in each) each.closeAllConnections()
  each.close()
}
await audit.close()

const seen = sink.records.map((record) => [record.http_response?.status_code, record.message, record.error?.type])
assert.deepEqual(seen, [
  [200, 'Said hello', undefined],
  [200, 'Said hello', undefined],
  [200, '', undefined],
  [400, '', 'HPE_INVALID_METHOD'],
])
console.log('node: three requests, and one that the parser refused')
