import 'reflect-metadata'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import {
  Body,
  type CanActivate,
  Controller,
  Delete,
  type ExecutionContext,
  Get,
  type INestApplication,
  Inject,
  Injectable,
  Module,
  type ModuleMetadata,
  Param,
  ParseIntPipe,
  Post,
  Req,
  Scope,
  UseGuards,
  VersioningType,
} from '@nestjs/common'
import { HttpAdapterHost, NestFactory, REQUEST } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { WsAdapter } from '@nestjs/platform-ws'
import { Test } from '@nestjs/testing'
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { AuditLog, AuditModule, AuditResource, NoAudit } from '../../src/adapters/nest.ts'
import type { AuditLog as OpenedAuditLog } from '../../src/audit-log/audit-log.ts'
import type { Logger } from '../../src/record/logger.ts'
import type { AuditRecord } from '../../src/record/record.ts'
import { type MemorySink, memorySink } from '../../src/testing/memory-sink.ts'
import { routeCoverage } from '../../src/testing/route-coverage.ts'
import { openAudit } from '../contract/adapter/harness.ts'
import { PATIENCE_MS } from '../support/time.ts'

const red = { id: 1, colour: 'red' }

@Injectable()
class SignsIn implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const req = context.switchToHttp().getRequest()
    req.user = { id: 'jane', roles: ['editor'] }
    return req.headers.authorization !== 'none'
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerRequest {
  readonly #req: { auditLog: Logger }
  constructor(@Inject(REQUEST) req: { auditLog: Logger }) {
    this.#req = req
  }
  note(): string {
    this.#req.auditLog.info('from a provider of the request')
    return 'noted'
  }
}

@Controller()
class Things {
  readonly #audit: OpenedAuditLog
  readonly #perRequest: PerRequest
  constructor(@AuditLog() audit: OpenedAuditLog, @Inject(PerRequest) perRequest: PerRequest) {
    this.#audit = audit
    this.#perRequest = perRequest
  }

  @Get('guarded')
  @UseGuards(SignsIn)
  guarded(@AuditLog() log: Logger): string {
    log.setResults([1])
    this.#audit.current().info('Looked')
    return 'ok'
  }

  @Get('piped/:id')
  piped(@Param('id', ParseIntPipe) id: number): number {
    return id
  }

  @Post('body')
  body(@Body() body: { name: string }): string {
    this.#audit.current().info(`Got ${body.name}`)
    return 'ok'
  }

  @Get('request-scoped')
  requestScoped(): string {
    return this.#perRequest.note()
  }

  @Get('silent')
  @UseGuards(SignsIn)
  @NoAudit()
  silent(@AuditLog() log: Logger): string {
    log.info('nothing')
    return 'ok'
  }

  @Get('silent-failure')
  @NoAudit()
  fails(): string {
    throw new Error('unheard')
  }
}

@NoAudit()
@Controller('health')
class Health {
  @Get()
  health(): string {
    return 'ok'
  }
}

@AuditResource('Bicycle', { listResults: true })
@Controller('bicycles')
class Bicycles {
  @Get()
  list(): unknown {
    return [red, { id: 2 }]
  }
  @Get(':id')
  one(): unknown {
    return red
  }
  @Post()
  create(@Req() req: { headers: Record<string, string> }): unknown {
    if (req.headers.authorization === 'none') throw new Error('db down')
    return red
  }
  @Delete(':id')
  remove(): void {}
}

@WebSocketGateway({ path: '/socket' })
class Gateway {
  @SubscribeMessage('say')
  say(): string {
    return 'said'
  }
}

const controllers = [Things, Health, Bicycles]
const providers = [PerRequest, SignsIn]

interface Started {
  readonly app: INestApplication
  readonly url: string
}

type Prepare = (app: INestApplication) => void

/** Starts an app whose modules are given, on either platform. */
async function start(platform: string, metadata: ModuleMetadata, prepare: Prepare = () => undefined): Promise<Started> {
  class Root {}
  Module({ controllers, providers, ...metadata })(Root)
  const adapter = platform === 'Express' ? new ExpressAdapter() : new FastifyAdapter()
  const app = await NestFactory.create(Root, adapter, { logger: false, abortOnError: false })
  onTestFinished(() => app.close())
  prepare(app)
  await app.listen(0, '127.0.0.1')
  const { port } = app.getHttpServer().address() as AddressInfo
  return { app, url: `http://127.0.0.1:${port}` }
}

const opened: { audit: OpenedAuditLog; sink: MemorySink }[] = []
const open = (): { audit: OpenedAuditLog; sink: MemorySink } => {
  const made = openAudit()
  opened.push(made)
  return made
}
afterEach(async () => {
  for (const { audit } of opened.splice(0)) await audit.close()
})

describe.each(['Express', 'Fastify'])('Nest on %s', (platform) => {
  const recordsOf = async (
    path: string,
    init: RequestInit = {},
    prepare: Prepare = () => undefined,
  ): Promise<readonly AuditRecord[]> => {
    const { audit, sink } = open()
    const { app, url } = await start(platform, { imports: [AuditModule.forRoot(audit)] }, prepare)
    await (await fetch(url + path, init)).text()
    await app.close()
    await audit.close()
    return sink.records
  }
  const recordOf = async (...values: Parameters<typeof recordsOf>): Promise<AuditRecord> => {
    const records = await recordsOf(...values)
    expect(records).toHaveLength(1)
    return records[0] as AuditRecord
  }

  test('a handler finds its logger, a constructor the audit log, and a guard names the user', async () => {
    expect(await recordOf('/guarded')).toMatchObject({
      user: { id: 'jane', authenticated: true, roles: ['editor'] },
      results: [1],
      message: 'Looked',
      outcome: 'success',
    })
  })

  test('what a guard refuses', async () => {
    expect(await recordOf('/guarded', { headers: { authorization: 'none' } })).toMatchObject({
      http_response: { status_code: 403 },
      outcome: 'denied',
      user: { id: 'jane' },
      error: { type: 'ForbiddenException' },
    })
  })

  test('what a pipe refuses', async () => {
    expect(await recordOf('/piped/x')).toMatchObject({
      http_response: { status_code: 400 },
      error: { type: 'BadRequestException', message: 'Validation failed (numeric string is expected)' },
    })
  })

  test('what the router does not know', async () => {
    expect(await recordOf('/nowhere')).toMatchObject({
      http_response: { status_code: 404 },
      error: { message: 'Cannot GET /nowhere' },
    })
  })

  test('a body that is malformed', async () => {
    const init = { method: 'POST', body: '{"name', headers: { 'content-type': 'application/json' } }
    expect(await recordOf('/body', init)).toMatchObject({ http_response: { status_code: 400 }, outcome: 'failure' })
  })

  test('a body that is parsed, with the context behind it', async () => {
    const init = { method: 'POST', body: '{"name":"x"}', headers: { 'content-type': 'application/json' } }
    expect(await recordOf('/body', init)).toMatchObject({ http_response: { status_code: 201 }, message: 'Got x' })
  })

  test('a preflight that CORS answers', async () => {
    const init = { method: 'OPTIONS', headers: { origin: 'http://a.example', 'access-control-request-method': 'PUT' } }
    const record = await recordOf('/body', init, (app) => app.enableCors())
    expect(record).toMatchObject({ http_request: { method: 'OPTIONS' }, http_response: { status_code: 204 } })
  })

  test('a URL under a global prefix and a version', async () => {
    const record = await recordOf('/api/v1/piped/7', {}, (app) => {
      app.setGlobalPrefix('api')
      app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' })
    })
    expect(record.http_response?.status_code).toBe(200)
    expect(record.http_request?.url).toMatch(/\/api\/v1\/piped\/7$/)
  })

  test('a provider of the request logs through it', async () => {
    expect(await recordOf('/request-scoped')).toMatchObject({ message: 'from a provider of the request' })
  })

  test('middleware that comes later has it too, and may answer', async () => {
    const record = await recordOf('/piped/1', {}, (app) => {
      app.use((_req: unknown, res: { statusCode: number; end(text: string): void }) => {
        res.statusCode = 429
        res.end('slow down')
      })
    })
    expect(record).toMatchObject({ http_response: { status_code: 429 } })
  })

  test.each(['/silent', '/silent-failure', '/health'])('%s leaves none', async (path) => {
    expect(await recordsOf(path)).toEqual([])
  })

  test('what a guard refuses is recorded where the handler would leave none', async () => {
    expect(await recordOf('/silent', { headers: { authorization: 'none' } })).toMatchObject({ outcome: 'denied' })
  })

  test.each([
    ['GET', '/bicycles', {}, [{ id: 1 }, { id: 2 }], 'List Bicycle'],
    ['GET', '/bicycles/1?colour=red', { id: '1', colour: 'red' }, { id: 1 }, 'Retrieve Bicycle'],
    ['POST', '/bicycles', {}, { id: 1 }, 'Created Bicycle object'],
    ['DELETE', '/bicycles/1', { id: '1' }, undefined, 'Destroy Bicycle'],
  ])('of a resource, %s %s', async (method, path, kwargs, results, message) => {
    const record = await recordOf(path, { method })
    expect(record).toMatchObject({ filter: { object: 'Bicycle', kwargs }, message })
    expect(record.results).toEqual(results)
  })

  test('of a resource, what throws was not created', async () => {
    const init = { method: 'POST', headers: { authorization: 'none' } }
    expect(await recordOf('/bicycles', init)).toMatchObject({
      message: 'Create Bicycle object',
      error: { message: 'db down' },
      http_response: { status_code: 500 },
    })
  })

  test('imported in the root and in a part, one record', async () => {
    const { audit, sink } = open()
    class Part {}
    Module({ imports: [AuditModule.forRoot(audit)] })(Part)
    const { app, url } = await start(platform, { imports: [AuditModule.forRoot(audit), Part] })
    await fetch(`${url}/piped/1`)
    await app.close()
    await audit.close()
    expect(sink.records).toHaveLength(1)
  })

  test('the settings may come from injected providers, and the app closes what it opened, after its server', async () => {
    const sink = memorySink()
    class Config {}
    Module({ providers: [{ provide: 'EXEMPT', useValue: ['^/health'] }], exports: ['EXEMPT'] })(Config)
    const forRoot = AuditModule.forRootAsync({
      imports: [Config],
      inject: ['EXEMPT'],
      useFactory: async (exemptUrls: readonly string[]) => ({
        exemptUrls,
        logHandler: sink,
        loggerName: `async ${platform}`,
      }),
    })
    const { app, url } = await start(platform, { imports: [forRoot] })
    await fetch(`${url}/health`)
    await fetch(`${url}/piped/1`)
    await app.close()
    expect(sink.records.map(({ http_request }) => http_request?.url)).toEqual([`${url}/piped/1`])
    await expect(sink.write([], AbortSignal.timeout(1_000))).rejects.toMatchObject({ code: 'RECORD_AFTER_CLOSE' })
  })

  test('an audit log that was given stays open when the app closes', async () => {
    const { audit, sink } = open()
    const { app } = await start(platform, { imports: [AuditModule.forRoot(audit)] })
    await app.close()
    await audit.logger().info('still here').sendLog()
    await audit.flush()
    expect(sink.records).toMatchObject([{ message: 'still here' }])
  })

  test('in a testing module, a malformed body too', async () => {
    const { audit, sink } = open()
    const module = await Test.createTestingModule({
      controllers,
      providers,
      imports: [AuditModule.forRoot(audit)],
    }).compile()
    const app = module.createNestApplication(platform === 'Express' ? new ExpressAdapter() : new FastifyAdapter(), {
      logger: false,
    })
    await app.listen(0, '127.0.0.1')
    const { port } = app.getHttpServer().address() as AddressInfo
    const headers = { 'content-type': 'application/json' }
    await fetch(`http://127.0.0.1:${port}/body`, { method: 'POST', body: '{', headers })
    await app.close()
    await audit.close()
    expect(sink.records).toMatchObject([{ http_response: { status_code: 400 } }])
  })

  test('a gateway has the record of its handshake', async () => {
    const { audit, sink } = open()
    const { url } = await start(
      platform,
      { imports: [AuditModule.forRoot(audit)], providers: [...providers, Gateway] },
      (app) => app.useWebSocketAdapter(new WsAdapter(app)),
    )
    const { WebSocket } = createRequire(import.meta.resolve('@nestjs/platform-ws'))('ws')
    const socket = new WebSocket(`${url.replace('http', 'ws')}/socket`)
    await once(socket, 'open')
    socket.send('{"event":"say"}')
    await once(socket, 'message')
    socket.close()
    await once(socket, 'close')
    expect(await sink.waitFor(1, PATIENCE_MS)).toMatchObject([
      { http_request: { url: expect.stringContaining('/socket') }, http_response: { status_code: 101 } },
    ])
  })

  test('coverage knows the routes of the app', async () => {
    const { audit, sink } = open()
    const { app, url } = await start(platform, { imports: [AuditModule.forRoot(audit)] })
    await (await fetch(`${url}/guarded`)).text()
    await sink.waitFor(1, PATIENCE_MS)
    const { routes, missing, anonymous } = routeCoverage(app, sink)
    expect(routes).toContain('GET /guarded')
    expect(missing).toContain('DELETE /bicycles/:id')
    expect(missing).not.toContain('GET /guarded')
    expect(anonymous).toEqual([])
  })
})

test('the version under test is the one that the project names', async () => {
  const nest11 = await import(new URL('../nest11/node_modules/@nestjs/core/index.js', import.meta.url).href)
  expect(HttpAdapterHost === nest11.HttpAdapterHost).toBe(process.env.NESTJS === '11')
})
