import 'reflect-metadata'
import type { Server, ServerResponse } from 'node:http'
import {
  All,
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  HttpException,
  MethodNotAllowedException,
  Module,
  Param,
  Post,
  Query,
  Res,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { AuditLog, AuditModule } from '../../src/adapters/nest.ts'
import type { Settings } from '../../src/audit-log/settings.ts'
import type { Logger } from '../../src/record/logger.ts'
import { type LEVELS, search, sendJson, sendText } from '../golden/golden-app.ts'
import type { PlatformName } from './contract-app.ts'

/** The response of either platform, and Node's own below it, as the ancestor's answers leave no room for a platform's defaults. */
type PlatformResponse = ServerResponse & { readonly raw?: ServerResponse; hijack?(): void }

function rawOf(res: PlatformResponse): ServerResponse {
  res.hijack?.()
  return res.raw ?? res
}

@Controller()
class Routes {
  @All('hello')
  hello(@Res() res: PlatformResponse): void {
    sendJson(rawOf(res), { hello: 'world' })
  }

  @Get('search')
  search(@Query('q') terms: string, @AuditLog() log: Logger, @Res() res: PlatformResponse): void {
    search(log, terms)
    sendJson(rawOf(res), { n: 2 })
  }

  @Post('search')
  notSearch(): void {
    throw new MethodNotAllowedException('Method Not Allowed')
  }

  @Get('level/:name')
  level(@Param('name') name: (typeof LEVELS)[number], @AuditLog() log: Logger, @Res() res: PlatformResponse): void {
    log[name](`message at ${name}`)
    sendJson(rawOf(res), { level: name })
  }

  @Get('health')
  health(): object {
    return { ok: true }
  }

  @Get('boom')
  boom(): void {
    throw new Error('boom')
  }

  @Get('forbidden')
  forbidden(@Res() res: PlatformResponse): void {
    sendText(rawOf(res), 403, 'Forbidden')
  }

  @Get('redirect')
  redirect(@Res() res: PlatformResponse): void {
    const raw = rawOf(res)
    raw.setHeader('Location', '/hello')
    sendText(raw, 302, 'Found')
  }

  @Get('empty')
  empty(@Res() res: PlatformResponse): void {
    rawOf(res).writeHead(204).end()
  }

  @Get('stream')
  stream(@Res() res: PlatformResponse): void {
    const raw = rawOf(res)
    raw.setHeader('Content-Type', 'text/plain; charset=utf-8')
    for (const chunk of ['a\n', 'b\n', 'c\n']) raw.write(chunk)
    raw.end()
  }

  @Get('cookies')
  cookies(@Res() res: PlatformResponse): void {
    const raw = rawOf(res)
    raw.setHeader('Set-Cookie', ['a=1; Path=/', 'b=2; Path=/'])
    sendJson(raw, { cookies: 2 })
  }

  @Get('teapot')
  teapot(@Res() res: PlatformResponse): void {
    const raw = rawOf(res)
    raw.statusMessage = 'Short And Stout'
    sendText(raw, 418, 'short and stout')
  }

  @Get('unicode/:name')
  unicode(@Param('name') name: string, @AuditLog() log: Logger, @Res() res: PlatformResponse): void {
    log.setResults({ naam: name }).info(`opened ${name}`)
    sendJson(rawOf(res), { naam: name })
  }

  @Get('twice')
  twice(@AuditLog() log: Logger, @Res() res: PlatformResponse): void {
    log.info('first').warning('second')
    sendText(rawOf(res), 200, 'ok')
  }
}

@Catch()
class Page implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const status = error instanceof HttpException ? error.getStatus() : 500
    sendText(rawOf(host.switchToHttp().getResponse()), status, '')
  }
}

/** The app that the ancestor's records were made with, on Nest. */
export function nestApp(platform: PlatformName): (settings: Settings) => Promise<Server> {
  return async (settings) => {
    class Root {}
    Module({ imports: [AuditModule.forRoot(settings)], controllers: [Routes] })(Root)
    const adapter = platform === 'Express' ? new ExpressAdapter() : new FastifyAdapter()
    const app = await NestFactory.create(Root, adapter, { logger: false, abortOnError: false })
    app.useGlobalFilters(new Page())
    await app.init()
    if (platform === 'Fastify') await app.getHttpAdapter().getInstance().ready()
    return app.getHttpServer()
  }
}
