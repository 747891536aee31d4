import { expressApp, honoApp, nodeApp } from './golden-app.ts'
import { fastifyApp } from './golden-fastify.ts'
import { koaApp } from './golden-koa.ts'
import { type GoldenApps, goldenParity } from './parity.ts'

const apps: GoldenApps = {
  'node:http': nodeApp,
  Hono: honoApp,
  'Express 5': expressApp(5),
  'Express 4': expressApp(4),
  'Fastify 5': fastifyApp,
  'Koa 3': koaApp(3),
  'Koa 2': koaApp(2),
}

goldenParity(apps)
