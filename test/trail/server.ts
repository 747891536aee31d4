/*
 * A server of its own process, with a trail: what the tests start, load, trace and kill. Its one argument is a `ServerSettings` as JSON.
 * It tells its parent `{ port }` when it listens and `{ ready }` when the trail is open, or why it is not.
 */
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { expressAudit } from '../../src/adapters/express.ts'
import { nodeAudit } from '../../src/adapters/node.ts'
import { openAuditLog } from '../../src/audit-log/create-audit-log.ts'
import { resolveSettings } from '../../src/audit-log/resolve-settings.ts'
import type { Guarantee } from '../../src/audit-log/settings.ts'
import { disk } from '../../src/trail/disk.ts'
import { openTrail } from '../../src/trail/trail.ts'
import { type Around, isChange, operated, systemError } from '../support/disk-operations.ts'
import { randomOf } from '../support/power-cut-disk.ts'

export interface ServerSettings {
  readonly framework: 'node' | 'express'
  readonly guarantee: Guarantee
  readonly directory: string
  /** The signing key, as PEM. */
  readonly key: string
  readonly origin: string
  /** Operations on the disk that are left out. */
  readonly skip?: readonly string[]
  /** The share of changes of the disk that fail, and which. */
  readonly faults?: { readonly rate: number; readonly seed: number }
  /** Whether lines are written a while after the trail believes that they are. */
  readonly isLate?: boolean
}

const {
  framework,
  guarantee,
  directory,
  key,
  origin,
  skip = [],
  isLate,
  faults = { rate: 0, seed: 0 },
} = JSON.parse(process.argv[2] as string) as ServerSettings

const random = randomOf(faults.seed)
const around: Around = (operation, run) => {
  if (isChange(operation) && random() < faults.rate) throw systemError('EIO', operation.name)
  if (skip.includes(operation.name)) return Promise.resolve() as ReturnType<typeof run>
  if (isLate !== true || operation.name !== 'segments.write') return run()
  const bytes = Buffer.from(operation.bytes ?? [])
  setTimeout(() => operation.write?.(bytes), 5)
  return bytes.length as ReturnType<typeof run>
}

const audit = openAuditLog(
  resolveSettings(
    {
      trail: { directory, key, origin },
      guarantee,
      onFailure: 'closed',
      holdTimeoutMs: 60_000,
      closeTimeoutMs: 60_000,
      logHandler: [],
      onError: (error: unknown) => console.error(String(error)),
    },
    {},
  ),
  { trail: (parts) => openTrail({ ...parts, disk: operated(disk, directory, around) }) },
)

/** Answers with the request's id at the very end: at once, after a while, or in pieces. */
function answer(req: IncomingMessage, res: ServerResponse): void {
  const { searchParams, pathname } = new URL(req.url ?? '/', 'http://localhost')
  const end = `end of ${searchParams.get('id')}`
  if (pathname === '/at-once') res.end(end)
  else if (pathname === '/later') setTimeout(() => res.end(end), 3)
  else {
    res.write('a part\n')
    setTimeout(() => res.end(end), 5)
  }
}

function listener(): http.RequestListener {
  if (framework === 'node') return nodeAudit(audit)(answer)
  return express()
    .use(expressAudit(audit))
    .use((req, res) => answer(req, res))
}

const server = http.createServer(listener()).listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port })
})
audit.ready.then(
  () => process.send?.({ ready: true }),
  (error: unknown) => process.send?.({ ready: String(error) }),
)
process.on('message', async (message) => {
  if (message !== 'close') return
  server.close()
  server.closeIdleConnections()
  await audit.close()
  process.disconnect()
})
