import 'reflect-metadata'
import {
  All,
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Inject,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  Param,
  Post,
  Req,
  Res,
  type Type,
} from '@nestjs/common'
import { APP_FILTER, HttpAdapterHost, NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import express, { type Response } from 'express'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { AuditLog, AuditModule } from '../../src/adapters/nest.ts'
import type { Logger } from '../../src/record/logger.ts'
import { annotate, type Mount, type MountOptions } from '../contract/adapter/harness.ts'
import { serve } from '../contract/node-app.ts'

export type PlatformName = 'Express' | 'Fastify'

/** Mounts the contract's app on Nest. */
export function mountNest(platform: PlatformName, kind: 'http' | 'h2c' = 'http'): Mount {
  return async (options) => {
    const root = {
      module: createRoot(options, platform === 'Express' ? '*rest' : '*'),
      imports: options.audits.map((audit) => AuditModule.forRoot(audit)),
    }
    const adapter =
      platform === 'Express' ? new ExpressAdapter() : new FastifyAdapter({ http2: kind === 'h2c' } as object)
    const app = await NestFactory.create(root, adapter, { logger: false, bodyParser: false, abortOnError: false })
    if (platform === 'Fastify') parseOnlyWhatIsParsed(app.getHttpAdapter().getInstance())
    await app.init()
    if (platform === 'Fastify') await app.getHttpAdapter().getInstance().ready()
    return serve(app.getHttpServer(), kind)
  }
}

/** So that `/raw` and `/length` get their bodies whole. */
function parseOnlyWhatIsParsed(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (request, payload, parsed) => {
    if (!request.url.startsWith('/parsed')) return parsed(null)
    let text = ''
    payload.on('data', (chunk) => {
      text += chunk
    })
    payload.on('end', () => parsed(null, JSON.parse(text)))
  })
}

type AnyResponse = Response | FastifyReply

function createRoot({ audits, raw }: MountOptions, rest: string): Type {
  @Controller()
  class Routes {
    @Get('text')
    text(@Res({ passthrough: true }) res: AnyResponse): string {
      res.type('text/plain')
      return 'hello'
    }

    @Get('status/:code')
    status(@Param('code') code: string, @Res() res: AnyResponse): void {
      res.status(Number(code)).send(code === '204' ? undefined : `status ${code}`)
    }

    @Get('throw')
    throws(): void {
      throw new Error('db down')
    }

    @Get('reject')
    async rejects(): Promise<void> {
      await Promise.reject(new Error('db down'))
    }

    @Get('teapot')
    teapot(): void {
      throw new TeapotError()
    }

    @Get('cookies')
    cookies(@Res() res: AnyResponse): void {
      res.header('Set-Cookie', ['a=1', 'b=2'] as never).send()
    }

    @Get('etag')
    etag(@Req() req: { headers: Record<string, string> }, @Res() res: AnyResponse): void {
      res.header('ETag', '"a"')
      if (req.headers['if-none-match'] === '"a"') res.status(304).send()
      else res.send('hello')
    }

    @Post('length')
    async length(@Req() req: { raw?: unknown }, @Res() res: AnyResponse): Promise<void> {
      await new Promise((resolve) => setTimeout(resolve, 100))
      let length = 0
      for await (const chunk of (req.raw ?? req) as AsyncIterable<Buffer>) length += chunk.length
      res.status(200).send(String(length))
    }

    @Post('parsed')
    parsed(@Res() res: AnyResponse): void {
      audits[0]?.current().info('parsed')
      res.status(200).send()
    }

    @Get('annotate/:id')
    async annotate(@Param('id') id: string, @AuditLog() log: Logger): Promise<string> {
      await annotate(id, log)
      return id
    }

    @All(`nested/${rest}`)
    nested(@Req() req: { url: string }, @Res() res: AnyResponse): void {
      res.status(200).send(req.url)
    }

    @All(`raw/${rest}`)
    raw(@Req() req: { raw?: never }, @Res() res: { raw?: never; hijack?(): void }): void {
      res.hijack?.()
      raw(req.raw ?? (req as never), res.raw ?? (res as never))
    }
  }

  class TeapotError extends Error {}

  @Catch(TeapotError)
  class TeapotFilter implements ExceptionFilter {
    readonly #host: HttpAdapterHost
    constructor(@Inject(HttpAdapterHost) host: HttpAdapterHost) {
      this.#host = host
    }
    catch(_error: unknown, host: ArgumentsHost): void {
      this.#host.httpAdapter.reply(host.switchToHttp().getResponse(), 'teapot', 418)
    }
  }

  @Module({ controllers: [Routes], providers: [{ provide: APP_FILTER, useClass: TeapotFilter }] })
  class Root implements NestModule {
    configure(consumer: MiddlewareConsumer): void {
      consumer.apply(jsonOnExpress).forRoutes('parsed')
    }
  }
  return Root
}

const parseJson = express.json()

function jsonOnExpress(req: never, res: never, next: () => void): void {
  if ('app' in (req as object)) parseJson(req, res, next)
  else next()
}
