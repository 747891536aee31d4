import { type Clock, systemClock } from '../lib/clock.ts'
import { AuditError, type ErrorCode } from '../lib/errors.ts'
import { unref } from '../lib/timers.ts'
import type { OnError } from './settings.ts'

/** Takes an error to whoever is to know of it; never throws. */
export type Reporter = (error: AuditError) => void

const WARNING_INTERVAL_MS = 1_000
const HOOK_INTERVAL_MS = 1_000
/** So often in an interval the hook is called for one code: enough for ten handlers that fail at once. */
const CALLS_PER_CODE = 10

/** A reporter that calls the hook, or, without one, warns: `warn` gets lines that end in a newline. */
export function createReporter(
  onError: OnError | undefined,
  warn: (line: string) => void,
  clock: Clock = systemClock,
): Reporter {
  return onError === undefined ? warningReporter(warn) : hookReporter(onError, clock)
}

/**
 * Tells the app's hook. A hook that logs through the same audit log may cause the very error it is told of, so errors
 * that are reported while it runs, and more than ten of one code in a second, are dropped; so is what the hook itself
 * throws or rejects with. All of these are counted, and the count is told as `REPORTS_DROPPED` before the next error.
 */
function hookReporter(onError: OnError, clock: Clock): Reporter {
  const calls = new Map<ErrorCode, number>()
  let since = Number.NEGATIVE_INFINITY
  let isRunning = false
  let dropped = 0

  const countDropped = (): void => {
    dropped += 1
  }
  const call = (error: AuditError): void => {
    isRunning = true
    try {
      Promise.resolve(onError(error)).catch(countDropped)
    } catch {
      countDropped()
    } finally {
      isRunning = false
    }
  }
  const isAllowed = (code: ErrorCode): boolean => {
    const now = clock.monotonic()
    if (now - since >= HOOK_INTERVAL_MS) {
      calls.clear()
      since = now
    }
    const count = (calls.get(code) ?? 0) + 1
    calls.set(code, count)
    return count <= CALLS_PER_CODE
  }
  return (error) => {
    if (isRunning || !isAllowed(error.code)) return countDropped()
    if (dropped > 0 && isAllowed('REPORTS_DROPPED')) {
      const count = dropped
      dropped = 0
      call(new AuditError('REPORTS_DROPPED', { count }))
    }
    call(error)
  }
}

/**
 * Warns at most once a second. What comes in between waits, the latest of each code with the number of those it stands
 * for, and is warned of in turn; the process is not kept alive for it.
 */
function warningReporter(warn: (line: string) => void): Reporter {
  const waiting = new Map<ErrorCode, { readonly text: string; readonly others: number }>()
  let isResting = false

  const warnOfNext = (): void => {
    const [next] = waiting
    isResting = next !== undefined
    if (next === undefined) return
    const [code, { text, others }] = next
    waiting.delete(code)
    unref(setTimeout(warnOfNext, WARNING_INTERVAL_MS))
    try {
      warn(`griffier: ${code}: ${oneLine(text)}${others === 0 ? '' : ` (and ${others} more of this code)`}\n`)
    } catch {
      // There is nowhere left to say it.
    }
  }
  return (error) => {
    const earlier = waiting.get(error.code)
    waiting.set(error.code, { text: error.message, others: earlier === undefined ? 0 : earlier.others + 1 })
    if (!isResting) warnOfNext()
  }
}

/** One physical line of bounded length, whatever a reason had in it. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').slice(0, 1_000)
}
