/** Where times come from; tests pass a fixed one. */
export interface Clock {
  /** Milliseconds since the epoch, UTC: the wall clock, for time stamps. */
  now(): number
  /** Milliseconds from an arbitrary point that never run backwards, for durations. */
  monotonic(): number
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }

let cachedSecond = Number.NaN
let cachedPrefix = ''

/** RFC 3339 in UTC with milliseconds, as `toISOString` writes it; the second's text is kept, as it rarely changes. */
export function isoTime(epochMs: number): string {
  const second = Math.floor(epochMs / 1000)
  if (second !== cachedSecond) {
    cachedPrefix = new Date(second * 1000).toISOString().slice(0, -4)
    cachedSecond = second
  }
  const ms = epochMs - second * 1000
  return `${cachedPrefix}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`
}
