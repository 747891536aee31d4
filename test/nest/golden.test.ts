import { goldenParity } from '../golden/parity.ts'
import { nestApp } from './golden-app.ts'

goldenParity({ 'Nest on Express': nestApp('Express'), 'Nest on Fastify': nestApp('Fastify') })
