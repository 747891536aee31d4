import { countIn, type Json, objectIn, textIn } from './line.ts'
import type { Account, Gap, Listed } from './verdict.ts'

const MOST_LISTED = 100

class Bounded<T> implements Listed<T> {
  readonly list: T[] = []
  count = 0

  add(item: T): void {
    this.count += 1
    if (this.list.length < MOST_LISTED) this.list.push(item)
  }
}

class Gaps extends Bounded<Gap> {
  lost = 0
  refused = 0
}

/** Gathers what a trail's own records tell about it. */
export class AccountBook implements Account {
  starts = 0
  stops = 0
  readonly recoveries: Bounded<Account['recoveries']['list'][number]> = new Bounded()
  readonly interrupted: Bounded<string> = new Bounded()
  readonly gaps: Gaps = new Gaps()
  readonly damages: Bounded<Account['damages']['list'][number]> = new Bounded()

  add(leaf: number, kind: string, record: Json): void {
    const told = objectIn(record, kind)
    if (kind === 'start') this.starts += 1
    else if (kind === 'stop') this.stops += 1
    else if (kind === 'interrupted') this.interrupted.add(textIn(record, 'exchange') ?? '')
    else if (kind === 'gap') this.#addGap(leaf, told)
    else if (kind === 'damage') this.damages.add({ leaf, ...damageOf(told) })
    else if (kind === 'recovery') {
      this.recoveries.add({ leaf, time: textIn(record, 'time'), tornBytes: countIn(told, 'torn_bytes') })
    }
  }

  /** What is sent on: values without the way they were gathered. */
  summary(): Account {
    const { starts, stops, recoveries, interrupted, gaps, damages } = this
    return {
      starts,
      stops,
      recoveries: listed(recoveries),
      interrupted: listed(interrupted),
      gaps: { ...listed(gaps), lost: gaps.lost, refused: gaps.refused },
      damages: listed(damages),
    }
  }

  #addGap(leaf: number, told: Json): void {
    const gap = {
      leaf,
      lost: countIn(told, 'lost'),
      refused: countIn(told, 'refused'),
      firstTime: textIn(told, 'first_time'),
      lastTime: textIn(told, 'last_time'),
      reason: textIn(told, 'reason'),
    }
    this.gaps.lost += gap.lost
    this.gaps.refused += gap.refused
    this.gaps.add(gap)
  }
}

/** The bytes that a damage record names. */
export function damageOf(told: Json): { file: string; offset: number; bytes: number } {
  return { file: textIn(told, 'file') ?? '', offset: countIn(told, 'offset'), bytes: countIn(told, 'bytes') }
}

function listed<T>({ count, list }: Bounded<T>): Listed<T> {
  return { count, list }
}
