import { adapterContract } from './adapter.ts'
import { mountNode } from './node-app.ts'

adapterContract('node:http', mountNode({ kind: 'http' }), { shortensNested: true })
adapterContract('node:https', mountNode({ kind: 'https' }), { tls: true, shortensNested: true })
adapterContract('node:http2 over clear text', mountNode({ kind: 'h2c' }), { protocol: 'http2', shortensNested: true })
adapterContract('node:http2, secure', mountNode({ kind: 'http2, secure' }), {
  protocol: 'http2',
  tls: true,
  shortensNested: true,
})
adapterContract('HTTP/1 on node:http2', mountNode({ kind: 'http2 with allowHTTP1' }), {
  tls: true,
  shortensNested: true,
})
