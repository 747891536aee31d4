import {
  type CallHandler,
  Catch,
  createParamDecorator,
  type DynamicModule,
  type ExceptionFilter,
  type ExecutionContext,
  type FactoryProvider,
  Inject,
  type ModuleMetadata,
  type NestInterceptor,
  type OnApplicationShutdown,
  type OnModuleInit,
  UseInterceptors,
} from '@nestjs/common'
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core'
import type { Application } from 'express'
import type { FastifyInstance } from 'fastify'
import type { AuditLog as OpenedAuditLog } from '../audit-log/audit-log.ts'
import { auditLogFrom, recorderOf } from '../audit-log/create-audit-log.ts'
import type { Settings } from '../audit-log/settings.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { logThrough } from '../exchange/log-through.ts'
import { exchangesOf } from '../exchange/marks.ts'
import { passOn } from '../exchange/node-admission.ts'
import { openExchange } from '../exchange/node-exchange.ts'
import { attachToServer } from '../exchange/node-server.ts'
import { createNodeCapture, type NodeCapture } from '../exchange/node-source.ts'
import { property } from '../lib/property.ts'
import { describeRequest, type ResourceOptions } from '../resources/describe-request.ts'
import { readHandled } from '../resources/handled-request.ts'
import { onExpress } from './frameworks/express.ts'
import { recordOnFastify } from './frameworks/fastify.ts'

export type { ResourceOptions }

/** Tokens under which a module has what it was given and its audit log. */
const GIVEN = Symbol('griffier.given')
const AUDIT = Symbol('griffier.audit')

/** Settings, or an audit log that is open. */
type Given<AppRequest> = Settings<AppRequest> | OpenedAuditLog

/** Where `forRootAsync` gets settings, or an audit log that is open, from injected providers. */
export interface AuditModuleAsyncOptions<AppRequest = unknown>
  extends Pick<ModuleMetadata, 'imports'>,
    Pick<FactoryProvider, 'inject'> {
  // Nest's own type of what is injected.
  readonly useFactory: (...injected: never[]) => Given<AppRequest> | undefined | Promise<Given<AppRequest> | undefined>
}

/**
 * Records every request of a Nest app, on Express or Fastify, also those that guards, pipes, the router or a body's
 * parser refuse. An audit log made from settings is closed with the app, after its server; one that was given stays open.
 *
 * @example
 * @Module({ imports: [AuditModule.forRoot({ exemptUrls: [/^\/health$/] })] }) class Root {}
 */
export class AuditModule implements OnModuleInit, OnApplicationShutdown {
  readonly #host: HttpAdapterHost
  readonly #audit: OpenedAuditLog
  readonly #isOwn: boolean
  #attach: (() => void) | undefined

  constructor(host: HttpAdapterHost, audit: OpenedAuditLog, given: unknown) {
    this.#host = host
    this.#audit = audit
    this.#isOwn = audit !== given
    // At once, or, in a testing module, when the app is created: in either case before the app adds anything of its own.
    host.init$.subscribe(() => this.#hookUp())
  }

  /** With settings, or an audit log that is open. */
  static forRoot<AppRequest = unknown>(given?: Given<AppRequest>): DynamicModule {
    return moduleWith({ provide: GIVEN, useFactory: () => given })
  }

  /** With what a factory makes of injected providers. */
  static forRootAsync<AppRequest = unknown>(options: AuditModuleAsyncOptions<AppRequest>): DynamicModule {
    const { imports = [], inject = [], useFactory } = options
    return moduleWith({ provide: GIVEN, inject, useFactory: useFactory as FactoryProvider['useFactory'] }, imports)
  }

  onModuleInit(): void {
    this.#attach?.()
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.#isOwn) await this.#audit.close()
  }

  #hookUp(): void {
    const httpAdapter: HttpAdapterHost['httpAdapter'] | null = this.#host.httpAdapter
    if (httpAdapter === null) return
    const platform: unknown = httpAdapter.getInstance()
    const recorder = recorderOf(this.#audit)
    if (httpAdapter.getType() === 'fastify') {
      recordOnFastify(platform as FastifyInstance, recorder)
    } else if (httpAdapter.getType() === 'express') {
      const capture = createNodeCapture(recorder, onExpress)
      hookUpExpress(platform as Application, capture)
      // There is no server yet.
      this.#attach = () => attachToServer(capture, httpAdapter.getHttpServer(), () => undefined)
    }
  }
}

Inject(HttpAdapterHost)(AuditModule, undefined, 0)
Inject(AUDIT)(AuditModule, undefined, 1)
Inject(GIVEN)(AuditModule, undefined, 2)

function moduleWith(given: FactoryProvider, imports: NonNullable<ModuleMetadata['imports']> = []): DynamicModule {
  return {
    module: AuditModule,
    global: true,
    imports,
    providers: [
      given,
      { provide: AUDIT, inject: [GIVEN], useFactory: auditLogFrom },
      { provide: APP_FILTER, inject: [AUDIT], useFactory: createWitness },
    ],
    exports: [AUDIT],
  }
}

function hookUpExpress(app: Application, capture: NodeCapture): void {
  logThrough((app as Application & { readonly request: object }).request, capture.recorder)
  app.use((req, res, next) => {
    passOn(openExchange(capture, req, res), req, res, () => next())
  })
}

/** A filter that is asked of every exception that no filter before it takes, notes it, and takes none. */
function createWitness(audit: OpenedAuditLog): ExceptionFilter {
  const { scope } = recorderOf(audit)
  const seen = {
    [Symbol.hasInstance](exception: unknown): boolean {
      ;(scope?.getStore() as Exchange | undefined)?.fail(exception)
      return false
    },
  }
  class Witness implements ExceptionFilter {
    catch(exception: unknown): void {
      throw exception
    }
  }
  Catch(seen as never)(Witness)
  return new Witness()
}

const loggerOfRequest: () => ParameterDecorator = createParamDecorator((_none: unknown, context: ExecutionContext) =>
  property(context.switchToHttp().getRequest(), 'auditLog'),
)

/**
 * Of a handler's parameter: the logger of the request's audit record (`Logger` of `griffier`). Of a constructor's: the
 * audit log itself.
 *
 * @example
 * list(@AuditLog() log: Logger) { log.info('Searched bicycles') }
 */
export function AuditLog(): ParameterDecorator {
  return (target, method, index) => {
    if (method === undefined) Inject(AUDIT)(target, method, index)
    else loggerOfRequest()(target, method, index)
  }
}

/** The audit log that `@AuditLog()` injects into a constructor. */
export type AuditLog = OpenedAuditLog

/**
 * Of a controller or handler: its records say by themselves what was done to a resource, as those of `auditResource`
 * of `griffier/resources` do.
 *
 * @example
 * @AuditResource('Bicycle') @Controller('bicycles') class Bicycles { … }
 */
export function AuditResource(name: string, options: ResourceOptions = {}): ClassDecorator & MethodDecorator {
  return UseInterceptors(
    before((req, res) => {
      const handled = readHandled([req, res])
      if (handled !== undefined) describeRequest(name, options, handled)
    }),
  )
}

/**
 * Of a controller or handler: what it handles leaves no record, in no audit log. What is refused before it is
 * handled, as by a guard, is recorded all the same. Paths that never matter are better named in `exemptUrls`.
 */
export function NoAudit(): ClassDecorator & MethodDecorator {
  return UseInterceptors(
    before((req) => {
      let exchange = exchangesOf(property(req, 'raw') ?? req)
      for (; exchange !== undefined; exchange = exchange.other) exchange.leaveOut()
    }),
  )
}

/** An interceptor that does something before an HTTP request is handled, and nothing to how it is. */
function before(act: (req: object, res: object) => void): NestInterceptor {
  return {
    intercept(context: ExecutionContext, next: CallHandler) {
      if (context.getType() === 'http') act(context.getArgByIndex(0), context.getArgByIndex(1))
      return next.handle()
    },
  }
}
