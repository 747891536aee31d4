import 'reflect-metadata'
import assert from 'node:assert/strict'
import { memorySink } from 'griffier/testing'
import { urlOf } from './support/serve.ts'

const sink = memorySink()
const bicycles = [
  { id: 1, colour: 'red', owner: 'J. Jansen' },
  { id: 2, colour: 'blue', owner: 'P. de Vries' },
]

// #region use
import { Controller, Delete, Get, Injectable, Module, Param, Query } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { Logger } from 'griffier'
import { AuditLog, AuditModule } from 'griffier/nest'

@Controller('bicycles')
class Bicycles {
  @Get()
  list(@Query('colour') colour: string, @AuditLog() log: Logger) {
    const found = bicycles.filter((bicycle) => bicycle.colour === colour)
    log
      .setFilter('Bicycle', ['colour'], colour)
      .setResults(found.map(({ id }) => ({ id })))
      .info('Searched bicycles')
    return found
  }
}
// #endregion

// #region inject
@Injectable()
class Register {
  readonly #audit: AuditLog

  constructor(@AuditLog() audit: AuditLog) {
    this.#audit = audit
  }

  remove(id: string): void {
    this.#audit.current().warning(`Removed bicycle ${id}`)
  }
}

// #endregion

// #region resource
import { AuditResource, NoAudit } from 'griffier/nest'

@AuditResource('Wheel')
@Controller('wheels')
class Wheels {
  @Get(':id')
  one(@Param('id') id: string) {
    return { id: Number(id), spokes: 32 }
  }
}

@NoAudit()
@Controller('health')
class Health {
  @Get()
  health() {
    return 'ok'
  }
}

// #endregion

import { Inject } from '@nestjs/common'

@Controller('removals')
class Removals {
  readonly #register: Register

  constructor(@Inject(Register) register: Register) {
    this.#register = register
  }

  @Delete(':id')
  remove(@Param('id') id: string): void {
    this.#register.remove(id)
  }
}

const settings = { logHandler: sink }
const port = 0

// #region module
@Module({
  imports: [AuditModule.forRoot(settings)],
  controllers: [Bicycles, Wheels, Health, Removals],
  providers: [Register],
})
class Root {}

const app = await NestFactory.create(Root, { logger: ['error'] })
await app.listen(port)
// #endregion

// #region async
class Configuration {
  readonly exempt = ['^/health$']
}

@Module({ providers: [Configuration], exports: [Configuration] })
class Configured {}

const configured = AuditModule.forRootAsync({
  imports: [Configured],
  inject: [Configuration],
  useFactory: (configuration: Configuration) => ({ exemptUrls: configuration.exempt }),
})
// #endregion

const url = await urlOf(app.getHttpServer())
await fetch(`${url}/bicycles?colour=red`)
await fetch(`${url}/removals/2`, { method: 'DELETE' })
await fetch(`${url}/wheels/4`)
await fetch(`${url}/health`)
await fetch(`${url}/nowhere`)
await app.close()

const [search, removal, wheel, nowhere, ...rest] = sink.records
assert.deepEqual(rest, [])
assert.deepEqual([search?.message, search?.results], ['Searched bicycles', [{ id: 1 }]])
assert.deepEqual([removal?.type, removal?.message], ['WARNING', 'Removed bicycle 2'])
assert.deepEqual([wheel?.message, wheel?.results], ['Retrieve Wheel', { id: 4 }])
assert.deepEqual(nowhere?.error, { type: 'NotFoundException', message: 'Cannot GET /nowhere' })

@Module({ imports: [configured] })
class Standalone {}
const standalone = await NestFactory.createApplicationContext(Standalone, { logger: ['error'] })
await standalone.close()
console.log('nest: 4 requests, and none for /health')
