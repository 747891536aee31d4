/*
 * Trails that are verified again and again while they are written, from another process.
 *
 *   const { faults, verified } = await verifyWhileWritten({ trails: 40, seed: 1, parent: temporaryDirectory() })
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { uuidv7 } from '../../src/lib/uuid.ts'
import { SealedRecord } from '../../src/record/sealed-record.ts'
import { openTrail, type Trail } from '../../src/trail/trail.ts'
import { bundled } from '../support/bundled.ts'
import { randomOf } from '../support/power-cut-disk.ts'
import { trailParts } from '../support/trail-parts.ts'
import { key, origin, verifierKey } from './served.ts'

const bundle = bundled(new URL('./verifier.ts', import.meta.url))

export interface Verified {
  readonly faults: readonly string[]
  /** How often a trail was verified. */
  readonly verified: number
  /** How often one was whose checkpoint had grown since the first. */
  readonly grown: number
}

/** Writes so many trails at once, each at its own pace for about two seconds and until each was verified twice, and verifies them in turn until they are closed. */
export async function verifyWhileWritten(settings: {
  trails: number
  seed: number
  parent: string
}): Promise<Verified> {
  const { trails, seed, parent } = settings
  const verifier = fork(bundle, { execArgv: [] })
  onTestFinished(() => void verifier.kill('SIGKILL'))
  const verify = async (directory: string): Promise<{ size: number; faults: string[] }> => {
    verifier.send({ directory, key: verifierKey })
    const [answer] = await once(verifier, 'message')
    return answer
  }
  const directories = Array.from({ length: trails }, (_, number) => join(parent, `trail-${seed}-${number}`))
  const opened = directories.map(open)
  await Promise.all(opened.map((trail) => trail.ready))
  const faults: string[] = []
  let [verified, grown] = [0, 0]
  let isWriting = true
  const goesOn = (): boolean => verified < 2 * trails && faults.length === 0
  const writing = Promise.all(
    opened.map((trail, number) => write(trail, randomOf(seed * 1_000 + number), goesOn)),
  ).finally(() => {
    isWriting = false
  })
  for (let turn = 0, last = false; !last; turn++) {
    last = !isWriting && turn % trails === trails - 1
    const found = await verify(directories[turn % trails] as string)
    verified++
    if (found.size > 10) grown++
    if (found.faults.length > 0) faults.push(`seed ${seed}, trail ${turn % trails}: ${found.faults.join('; ')}`)
    if (faults.length > 10) break
  }
  await writing
  verifier.disconnect()
  return { faults, verified, grown }
}

async function write(trail: Trail, random: () => number, goesOn: () => boolean): Promise<void> {
  const pauseMs = random() * 30
  const most = 1 + random() ** 3 * 100
  const end = performance.now() + 1_200 + random() * 1_300
  while (performance.now() < end || goesOn()) {
    const until = random() < 0.5 ? 'written' : 'durable'
    const batch = Array.from({ length: 1 + Math.floor(random() * most) }, () => trail.append(record(random), until))
    await Promise.all(batch)
    await sleep(pauseMs)
  }
  await trail.close(60_000)
}

function record(random: () => number): SealedRecord {
  const id = uuidv7(Date.now())
  const message = 'x'.repeat(random() * (random() < 0.98 ? 300 : 30_000))
  const time = new Date().toISOString()
  return new SealedRecord(id, JSON.stringify({ id, time, logger: 'audit_log', type: 'INFO', message }))
}

function open(directory: string): Trail {
  return openTrail({
    ...trailParts({ directory, key, origin }),
    settings: { directory, key, origin, heartbeatMs: 100, allowNetworkFs: false },
  })
}
