import { adapterContract } from './adapter.ts'
import { mountFastify } from './fastify-app.ts'

const quirks = { row: 'Fastify 5', keepsErrors: true }

adapterContract('Fastify 5', mountFastify(), quirks)
adapterContract('Fastify 5, registered after the routes', mountFastify({ registered: 'last' }), quirks)
adapterContract('Fastify 5 on HTTP/2', mountFastify({ kind: 'h2c' }), { ...quirks, protocol: 'http2' })
