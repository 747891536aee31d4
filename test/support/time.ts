/*
 * Time, as tests may use it: they wait for what is to happen, however long it takes, and give what should not happen a while.
 */
import { setTimeout as sleep } from 'node:timers/promises'

/** How long a test waits for what is sure to come, in milliseconds: a guard against waiting for ever, on a machine that is very busy. */
export const PATIENCE_MS = 30_000

const betweenMs = 5

/** Waits until an assertion holds, and gives what it gives. What counts is how often it was looked at: a process may stand still for long. */
export async function eventually<Value>(assertion: () => Value): Promise<Value> {
  for (let left = PATIENCE_MS / betweenMs; left > 0; left--) {
    try {
      return assertion()
    } catch {
      await sleep(betweenMs)
    }
  }
  return assertion()
}

/**
 * Long enough for what should not happen to happen, and for what is under way in this process to be done: so many milliseconds in ten steps, as
 * a process that stood still for all of them had a single turn of the event loop.
 */
export async function aWhile(ms: number = 50): Promise<void> {
  for (let step = 0; step < 10; step++) await sleep(ms / 10)
}

/** The milliseconds of CPU that this process has used, which others on the machine add nothing to. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
