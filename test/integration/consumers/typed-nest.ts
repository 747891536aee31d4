// A typed app on Nest that says what its own requests have.
import 'reflect-metadata'
import type { AddressInfo } from 'node:net'
import { Controller, Get, Inject, Module, Param, Req } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { Request } from 'express'
import { createAuditLog, type Logger, type AuditLog as OpenedAuditLog, type Settings, stdoutSink } from 'griffier'
// What makes `req.auditLog` known to TypeScript.
import type {} from 'griffier/express'
import { AuditLog, AuditModule, AuditResource, NoAudit } from 'griffier/nest'
import { memorySink, routeCoverage } from 'griffier/testing'

interface MyRequest extends Request {
  readonly subject: string
}

class Config {
  readonly exempt = /^\/health$/
}

const sink = memorySink()
const audit = createAuditLog({
  loggerName: 'on Nest',
  logHandler: [stdoutSink(), sink],
  userFromRequest: ({ subject }: MyRequest) => ({ id: subject ?? 'jane' }),
})

@AuditResource('Bicycle', { listResults: true })
@Controller('bicycles')
class Bicycles {
  readonly #audit: OpenedAuditLog
  constructor(
    @AuditLog() opened: OpenedAuditLog,
    @Inject('colour') readonly colour: string,
  ) {
    this.#audit = opened
  }

  @Get(':id')
  one(@Param('id') id: string, @Req() req: MyRequest, @AuditLog() log: Logger): { id: string } {
    log.setFilter('Bicycle', ['colour'], this.colour)
    req.auditLog.info(`Showed ${id}`)
    this.#audit.current().setResults([{ id }])
    return { id }
  }

  @NoAudit()
  @Get()
  none(): string {
    return 'none'
  }
}

@Module({
  imports: [AuditModule.forRoot(audit)],
  controllers: [Bicycles],
  providers: [{ provide: 'colour', useValue: 'red' }],
})
class Root {}

/** Compiled only: the other ways of importing it. */
export const others: readonly unknown[] = [
  AuditModule.forRoot(),
  AuditModule.forRoot({ userFromRequest: (req: MyRequest) => req.subject }),
  AuditModule.forRoot<MyRequest>({ userFromRequest: (req) => req.subject }),
  // @ts-expect-error: the callback sees the app's own request
  AuditModule.forRoot<MyRequest>({ userFromRequest: (req) => req.nothing }),
  AuditModule.forRootAsync({
    inject: [Config],
    useFactory: async (config: Config): Promise<Settings<MyRequest>> => ({ exemptUrls: [config.exempt] }),
  }),
  AuditModule.forRootAsync({ useFactory: () => audit }),
]

async function main(): Promise<void> {
  const app = await NestFactory.create(Root, { logger: false })
  await app.listen(0, '127.0.0.1')
  const { port } = app.getHttpServer().address() as AddressInfo
  await (await fetch(`http://127.0.0.1:${port}/bicycles/7`)).json()
  await sink.waitFor(1, 30_000)
  routeCoverage(app, sink, { unrecorded: ['GET /bicycles'] }).assert()
  await app.close()
  await audit.close()
  if (sink.records.length !== 1 || sink.records[0]?.user?.id !== 'jane') throw new Error(JSON.stringify(sink.records))
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
