import { AsyncResource } from 'node:async_hooks'
import { systemClock } from '../lib/clock.ts'
import { type Link, LinkedList } from '../lib/linked-list.ts'

/** A deadline that can be called off. */
export type Deadline = Pick<Link<object>, 'remove'>

interface Waiting {
  /** On the system's monotonic clock, in milliseconds. */
  readonly due: number
  readonly overdue: () => void
  /** Where it was set: one timer for all would call back in the scope of another request. */
  readonly scope: AsyncResource
}

/** Deadlines that are all as far off when they are set, so that they fall due in that order and one timer serves them all. */
class Deadlines {
  readonly #ms: number
  readonly #waiting = new LinkedList<Waiting>()
  #timer: NodeJS.Timeout | undefined

  constructor(ms: number) {
    this.#ms = ms
  }

  /** Calls back when the time has passed, unless the deadline is removed before. */
  add(overdue: () => void): Deadline {
    const scope = new AsyncResource('griffier.deadline', { requireManualDestroy: true })
    const deadline = this.#waiting.add({ due: systemClock.monotonic() + this.#ms, overdue, scope })
    this.#timer ??= this.#callIn(this.#ms)
    return deadline
  }

  #callIn(ms: number): NodeJS.Timeout {
    // What is waited for has a connection, which keeps the process alive; the timer is there for a while after it.
    return setTimeout(() => this.#call(), ms).unref()
  }

  #call(): void {
    this.#timer = undefined
    const now = systemClock.monotonic()
    let next = this.#waiting.first
    while (next !== undefined && next.due <= now) {
      this.#waiting.shift()
      next.scope.runInAsyncScope(next.overdue)
      next = this.#waiting.first
    }
    if (next !== undefined) this.#timer ??= this.#callIn(Math.ceil(next.due - now))
  }
}

/** By their length, like the timers of Node: there are as many as audit logs have different time limits. */
const all = new Map<number, Deadlines>()

/** The deadlines that are so many milliseconds off. */
export function deadlinesIn(ms: number): Deadlines {
  const known = all.get(ms)
  if (known !== undefined) return known
  const deadlines = new Deadlines(ms)
  all.set(ms, deadlines)
  return deadlines
}
