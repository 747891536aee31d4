import type { Clock } from '../lib/clock.ts'
import { uuidv7 } from '../lib/uuid.ts'

/** A clock that stands still, at 25 November 2026, 09:00 UTC unless said otherwise; `tick(ms)` moves it. */
export function fixedClock(start: number = Date.UTC(2026, 10, 25, 9)): Clock & { tick(ms: number): void } {
  let passed = 0
  return {
    now: () => start + passed,
    monotonic: () => passed,
    tick(ms) {
      passed += ms
    },
  }
}

/** Ids that are the same in every run: valid UUIDs of version 7 whose last part counts from 1. */
export function fixedIds(): (time: number) => string {
  let count = 0
  return (time) => {
    count += 1
    const [first, second] = uuidv7(time).split('-')
    return `${first}-${second}-7000-8000-${count.toString(16).padStart(12, '0')}`
  }
}
