// A typed app that names every door. It is compiled under each kind of module resolution, and its output runs.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Application, Request } from 'express'
import { AuditError, createAuditLog, fileSink, stdoutSink } from 'griffier'
import { expressAudit } from 'griffier/express'
import { nodeAudit } from 'griffier/node'
import { memorySink } from 'griffier/testing'

interface MyUser {
  readonly subject: string
  readonly groups: readonly string[]
}

declare global {
  namespace Express {
    interface Request {
      user: MyUser
      id: number
    }
  }
}

interface MyRequest extends Request {
  readonly tenant: string
}

/** Compiled only: an app whose own request has more than Express says. */
export function mount(app: Application): void {
  app.use(expressAudit())
  app.use(expressAudit({ userFromRequest: (req) => req.user.subject }))
  app.use(
    expressAudit({
      userFromRequest: (req: MyRequest) => ({ id: req.user.subject, roles: req.user.groups, realm: req.tenant }),
    }),
  )
  const lines: string[] = []
  const settled = createAuditLog({
    logHandler: [fileSink('audit.ndjson'), process.stdout, (line, record) => void lines.push(line, record.id)],
    userFromRequest: async (req: Request) => ({ id: String(req.id), roles: req.user.groups }),
    onError: (error) => error.code === 'HANDLER_FAILED',
  })
  app.use(expressAudit(settled))
  app.get('/bicycles', (req, res) => {
    req.auditLog
      .setFilter('Bicycle', ['colour'], 'red')
      .setResults([{ id: req.id }])
      .info(req.user.subject)
    res.json([])
  })
}

async function main(): Promise<void> {
  const memory = memorySink()
  const audit = createAuditLog({ logHandler: [stdoutSink(), memory] })
  const handler = nodeAudit(audit)((req, res) => {
    req.auditLog.setResults([]).info('Typed')
    res.end('typed')
  })
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/typed`)).text()
  server.close()
  await audit.close()
  if (memory.records.length !== 1) throw new Error(`the memory sink has ${memory.records.length} records`)
}

main().catch((error: unknown) => {
  console.error(error instanceof AuditError ? error.code : error)
  process.exitCode = 1
})
