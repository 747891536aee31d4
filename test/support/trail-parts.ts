import type { KeyObject } from 'node:crypto'
import { systemClock } from '../../src/lib/clock.ts'
import { uuidv7 } from '../../src/lib/uuid.ts'
import type { TrailParts } from '../../src/trail/trail.ts'

/** What a test opens a trail with when nothing but the trail matters; it has no heartbeat in the time of a test. */
export function trailParts(settings: { directory: string; key: string | KeyObject; origin: string }): TrailParts {
  return {
    settings: { ...settings, heartbeatMs: 600_000, allowNetworkFs: false },
    loggerName: 'audit_log',
    clock: systemClock,
    newId: uuidv7,
    inForce: {},
    counters: () => ({ recorded: 0, lost: 0, refused: 0 }),
    durable: () => undefined,
    report: () => undefined,
    syncTimeoutMs: 30_000,
  }
}
