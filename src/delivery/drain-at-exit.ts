import { within } from '../lib/within.ts'

/** What must not be lost when the process ends. */
export interface Drainable {
  hasQueued(): boolean
  /** Resolves when what is queued has left. */
  flush(): Promise<unknown>
  /** Hands over at once what can be handed over so. */
  drainSync(): void
}

interface Open {
  readonly drainable: Drainable
  readonly limitMs: number
  /** Whether its time at the end of the process has been used up. */
  spent: boolean
}

const open = new Set<Open>()

/**
 * Sees to it that what is queued leaves before the process ends: when nothing else is left to do it is waited for, at
 * most `limitMs`; at `process.exit` or an uncaught exception it is handed over at once. Gives the way to stop that. One
 * pair of listeners serves all audit logs of the thread, and none is left when none is open.
 */
export function drainAtExit(drainable: Drainable, limitMs: number): () => void {
  const entry: Open = { drainable, limitMs, spent: false }
  if (open.size === 0) {
    process.on('beforeExit', drainAll)
    process.on('exit', drainAllSync)
  }
  open.add(entry)
  return () => {
    open.delete(entry)
    if (open.size > 0) return
    process.removeListener('beforeExit', drainAll)
    process.removeListener('exit', drainAllSync)
  }
}

/** The event comes again each time that waiting has ended, so each audit log waits once. */
function drainAll(): void {
  for (const entry of open) {
    const { drainable, limitMs } = entry
    if (entry.spent || !drainable.hasQueued()) continue
    entry.spent = true
    void within(drainable.flush(), limitMs).then((done) => {
      entry.spent = !done
    })
  }
}

function drainAllSync(): void {
  for (const { drainable } of open) drainable.drainSync()
}
