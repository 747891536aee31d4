/*
 * Kills a server with a trail again and again while clients ask it, and says what was broken.
 *
 *   expect(await faultsOfKills({ framework: 'node', guarantee: 'durable', kills: 10, seed: 1 })).toEqual([])
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { verifyTrail } from '../../src/verify/verify-trail.ts'
import { randomOf } from '../support/power-cut-disk.ts'
import { filesOf, linesOfTrail } from '../support/trail-lines.ts'
import { createClient, faultsInServed, type Seen, startServer, verifierKey } from './served.ts'
import type { ServerSettings } from './server.ts'

export interface Kills extends Pick<ServerSettings, 'framework' | 'guarantee' | 'isLate'> {
  /** The share of changes of the disk that fail. Default: none. */
  readonly faultRate?: number
  readonly kills: number
  readonly seed: number
  /** An empty directory; the trail is made in it. */
  readonly parent: string
}

/** Everything that is wrong with the trail after any of the kills, or after the recovery from it. */
export async function faultsOfKills({
  kills,
  seed,
  parent,
  faultRate,
  ...settings
}: Kills): Promise<readonly string[]> {
  const random = randomOf(seed)
  const directory = join(parent, 'trail')
  const isRecordedFirst = settings.guarantee === 'recorded-first'
  const isFaulty = faultRate !== undefined
  const seen: Seen[] = []
  for (let kill = 0; ; kill++) {
    // The last life is a healthy one, whose recovery names what the others left open.
    const server = await startServer({
      ...settings,
      directory,
      faults: { rate: kill < kills ? (faultRate ?? 0) : 0, seed: seed + kill },
    })
    const connections = 1 + Math.floor(random() * 20)
    const client = createClient(server.port, { connections, name: `kill${kill}`, goesOn: isFaulty })
    seen.push(client)
    // Some die while the trail is being opened, most at work.
    if (random() < 0.9) await Promise.all([isFaulty || server.ready, client.until(1 + Math.floor(random() * 100))])
    const found = kill === 0 || isFaulty ? [] : await faultsOfVerification(directory)
    await sleep(random() * 30)
    if (kill < kills) await server.kill()
    await client.stop()
    if (kill >= kills) await server.close()
    const lines = kill === 0 && client.received.size === 0 ? [] : linesOfTrail(filesOf(directory))
    if (kill === kills && kills > 10 && isRecordedFirst && !lines.some(({ record }) => record.kind === 'interrupted')) {
      found.push('no exchange was interrupted')
    }
    found.push(...faultsInServed(lines, kill < kills ? [client] : seen, isRecordedFirst && kill === kills))
    if (found.length > 0) return [`seed ${seed}, kill ${kill}:`, ...found.slice(0, 10), server.errors()]
    if (kill >= kills) return []
  }
}

/** A trail passes at any time, be it written, abandoned or mended. */
async function faultsOfVerification(directory: string): Promise<string[]> {
  const { verdict, faults } = await verifyTrail(directory, { keys: [verifierKey] })
  return verdict === 'passed' ? [] : [`verify: ${JSON.stringify(faults)}`]
}
