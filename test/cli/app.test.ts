import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { nodeAudit } from '../../src/adapters/node.ts'
import { createAuditLog } from '../../src/audit-log/create-audit-log.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { griffier, start } from './command.ts'

/** An app that keeps a trail, and how to ask it for a page. */
async function startApp(directory: string) {
  const audit = createAuditLog({ logHandler: [], loggerName: 'app', closeTimeoutMs: 60_000, trail: { directory } })
  const handle = nodeAudit(audit)((req, res) => {
    req.auditLog.info(`Showed ${req.url}`)
    res.end('shown')
  })
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    server.close()
    await audit.close()
  }
  onTestFinished(stop)
  const { port } = server.address() as AddressInfo
  return { stop, ask: (path: string) => fetch(`http://127.0.0.1:${port}${path}`).then((response) => response.text()) }
}

it('an app at work is followed, verified, proven from and looked at, and goes on undisturbed', async () => {
  const directory = join(temporaryDirectory(), 'trail')
  const app = await startApp(directory)
  for (let page = 1; page <= 20; page++) await app.ask(`/page/${page}`)
  const running = start(['tail', directory, '--follow', '-n', '100'])
  await running.shows(/Showed \/page\/20\n/)
  const key = (await griffier('key', directory)).stdout.trim()

  const [doctor, verified, last] = await Promise.all([
    griffier('doctor', directory, '--json'),
    griffier('verify', directory, '--key', key, '--json'),
    griffier('tail', directory, '-n', '1', '--json'),
    app.ask('/page/21'),
  ])
  expect(doctor.stdout).toContain(`the trail is held by process ${process.pid} on `)
  expect(JSON.parse(verified.stdout)).toMatchObject({ verdict: 'passed', account: { starts: 1, stops: 0 } })
  const { id } = JSON.parse(last.stdout) as { id: string }
  const proof = join(temporaryDirectory(), 'proof')
  expect(await griffier('prove', directory, id, '--out', proof)).toMatchObject({ status: 0 })
  expect(await griffier('verify-proof', proof, '--key', key)).toMatchObject({ status: 0 })

  await running.shows(/Showed \/page\/21\n/)
  await app.stop()
  await running.shows(/ stop {7}\{"recorded":21,"lost":0,"refused":0\}\n/)
  running.child.kill('SIGTERM')
  const { status, stdout } = await running.ended
  expect(status).toBe(0)
  const pages = [...stdout.matchAll(/Showed \/page\/(\d+)\n/g)].map(([, page]) => Number(page))
  expect(pages).toEqual(Array.from({ length: 21 }, (_, index) => index + 1))
  expect(await griffier('verify', directory, '--key', key)).toMatchObject({ status: 0 })
})
