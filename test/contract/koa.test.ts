import { adapterContract } from './adapter.ts'
import { mountKoa } from './koa-app.ts'

const quirks = { keepsErrors: true, shortensNested: true }

adapterContract('Koa 3', mountKoa(3), { ...quirks, row: 'Koa 3' })
adapterContract('Koa 2', mountKoa(2), { ...quirks, row: 'Koa 2' })
adapterContract('Koa 3 on HTTP/2', mountKoa(3, 'h2c'), { ...quirks, row: 'Koa 3', protocol: 'http2' })
