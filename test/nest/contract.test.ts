import { adapterContract } from '../contract/adapter.ts'
import { mountNest } from './contract-app.ts'

adapterContract('Nest on Express', mountNest('Express'), { row: 'Nest on Express', keepsErrors: true })
adapterContract('Nest on Fastify', mountNest('Fastify'), { row: 'Nest on Fastify', keepsErrors: true })
adapterContract('Nest on Fastify, HTTP/2', mountNest('Fastify', 'h2c'), {
  row: 'Nest on Fastify',
  keepsErrors: true,
  protocol: 'http2',
})
