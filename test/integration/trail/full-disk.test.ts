import { execFileSync } from 'node:child_process'
import http from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { nodeAudit } from '../../../src/adapters/node.ts'
import { createAuditLog } from '../../../src/audit-log/create-audit-log.ts'
import { verifyTrail } from '../../../src/verify/verify-trail.ts'
import { listen } from '../../support/hold-control.ts'
import { temporaryDirectory } from '../../support/temporary.ts'
import { eventually } from '../../support/time.ts'
import { filesOf, linesOfTrail } from '../../support/trail-lines.ts'
import { type Answer, ask, compare } from '../../trail/faulty.ts'
import { key, origin, verifierKey } from '../../trail/served.ts'

/** A disk of its own, of this size in MiB. */
function smallDisk(size: number): { readonly path: string; grow(size: number): void } {
  const path = temporaryDirectory()
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}m`, 'tmpfs', path])
  onTestFinished(() => void execFileSync('umount', ['-l', path]))
  return { path, grow: (to) => void execFileSync('mount', ['-o', `remount,size=${to}m`, path]) }
}

test.each([
  ['open', 'written'],
  ['open', 'durable'],
  ['closed', 'written'],
  ['closed', 'durable'],
] as const)(
  'a server that fails %s goes on when its disk is full, and tells what it lost: %s',
  async (onFailure, guarantee) => {
    const { path, grow } = smallDisk(1)
    const directory = join(path, 'trail')
    const settings = {
      trail: { directory, key, origin },
      guarantee,
      onFailure,
      logHandler: [],
      onError: () => undefined,
      holdTimeoutMs: 60_000,
      closeTimeoutMs: 60_000,
    }
    const audit = createAuditLog(settings)
    await audit.ready
    const handler = nodeAudit(audit)((req, res) => {
      req.auditLog.info('x'.repeat(6_000))
      res.end('an answer')
    })
    const { server, port, close } = await listen(http.createServer(handler))
    const answers = new Map<string, Answer>()
    const round = async (): Promise<void> => {
      const first = answers.size
      const ids = Array.from({ length: 10 }, (_, number) => `r-${first + number}`)
      await Promise.all(ids.map(async (id) => answers.set(id, await ask(port, id))))
    }
    for (let number = 0; number < 100 && audit.health().trail?.state === 'ok'; number++) await round()
    expect(audit.health().trail?.state).toBe('failing')
    for (let number = 0; number < 10; number++) await round()
    grow(8)
    await eventually(() => expect(audit.health().trail?.state).toBe('ok'))
    await round()
    await audit.flush()
    const { counters } = audit.health()
    await audit.close()
    server.closeAllConnections()
    await close()
    const { faults, lost, refused } = compare(linesOfTrail(filesOf(directory)), answers, onFailure, counters)
    expect(faults).toEqual([])
    expect(onFailure === 'open' ? lost : refused).toBeGreaterThanOrEqual(90)
    expect(await verifyTrail(directory, { keys: [verifierKey] })).toMatchObject({ verdict: 'passed', faults: [] })
  },
)
