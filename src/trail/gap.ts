import { isoTime } from '../lib/clock.ts'
import type { GapPart } from '../record/record.ts'

interface Missed {
  readonly lost: number
  readonly refused: number
  readonly firstTime: number
  readonly lastTime: number
  readonly reason: string
}

const maxReason = 500

/** What was not kept, until a gap record tells it. */
export class Gap {
  #missed: Missed | undefined

  get isDue(): boolean {
    return this.#missed !== undefined
  }

  /** Counts a record that was not kept; `time` in milliseconds since the epoch. */
  note(what: 'lost' | 'refused', reason: string, time: number): void {
    const isLost = what === 'lost'
    this.#add({
      lost: isLost ? 1 : 0,
      refused: isLost ? 0 : 1,
      firstTime: time,
      lastTime: time,
      reason: reason.slice(0, maxReason).toWellFormed(),
    })
  }

  /** Takes what was counted: what a gap record says of it, and how to give it back where that record is not kept. */
  take(): { readonly body: GapPart; readonly giveBack: () => void } | undefined {
    const missed = this.#missed
    if (missed === undefined) return undefined
    this.#missed = undefined
    const { lost, refused, firstTime, lastTime, reason } = missed
    const body = { lost, refused, first_time: isoTime(firstTime), last_time: isoTime(lastTime), reason }
    return { body, giveBack: () => this.#add(missed) }
  }

  #add(more: Missed): void {
    const known = this.#missed ?? { ...more, lost: 0, refused: 0 }
    const latest = more.lastTime >= known.lastTime ? more : known
    this.#missed = {
      lost: known.lost + more.lost,
      refused: known.refused + more.refused,
      firstTime: Math.min(known.firstTime, more.firstTime),
      lastTime: latest.lastTime,
      reason: latest.reason,
    }
  }
}
