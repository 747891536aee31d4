import { adapterContract } from './adapter.ts'
import { mountHono } from './hono-app.ts'

const quirks = { row: 'Hono 4 on `@hono/node-server`', keepsErrors: true, shortensNested: true, refusesAsterisk: true }

adapterContract('Hono on its server for Node', mountHono(), quirks)
adapterContract('Hono on its server for Node, HTTP/2', mountHono('h2c'), { ...quirks, protocol: 'http2' })
