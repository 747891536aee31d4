import { AuditError, reasonOf } from '../../lib/errors.ts'
import type { Layout } from '../../trail/layout.ts'
import type { TrailReader } from '../../trail/read.ts'
import type { Holder } from './holder.ts'

/** What an operator should know of a trail. */
export interface Finding {
  /** `fault`: records or their proof are at risk; `warning`: not as it should be; `note`: good to know, and no reason to act. */
  readonly severity: 'fault' | 'warning' | 'note'
  /** What is so; a sentence without its full stop. */
  readonly what: string
  /** What to do, in whole sentences. */
  readonly advice: string
}

/** What is looked at. */
export interface Patient {
  readonly layout: Layout
  readonly reader: TrailReader
  /** Who writes to the trail now. */
  readonly holder: Holder
  /** The names of what is beside it to go on from it, in the order in which they follow. */
  readonly successors: readonly string[]
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Looks at one side of a trail. May reject: what could not be looked at becomes a finding of its own. */
export type Check = (patient: Patient) => Promise<readonly Finding[]>

/** Why something failed, without the full stop and without what to do: a finding has both of its own. */
export function causeOf(error: unknown): string {
  const cause = error instanceof AuditError && error.cause !== undefined ? error.cause : error
  return reasonOf(cause).replace(/\.$/, '')
}

export function fault(what: string, advice: string): Finding {
  return { severity: 'fault', what, advice }
}

export function warning(what: string, advice: string): Finding {
  return { severity: 'warning', what, advice }
}

export function note(what: string, advice: string): Finding {
  return { severity: 'note', what, advice }
}
