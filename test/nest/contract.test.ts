import { adapterContract } from '../contract/adapter.ts'
import { mountNest } from './contract-app.ts'

adapterContract('Nest on Express', mountNest('Express'), { keepsErrors: true })
adapterContract('Nest on Fastify', mountNest('Fastify'), { keepsErrors: true })
