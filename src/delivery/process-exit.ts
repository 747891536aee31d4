import type { Delivery } from './delivery.ts'
import { within } from './within.ts'

interface Open {
  readonly deliveries: readonly Delivery[]
  readonly limitMs: number
  /** Whether its time at the end of the process has been used up. */
  spent: boolean
}

const open = new Set<Open>()

/**
 * Sees to it that what is queued leaves before the process ends: when nothing else is left to do it waits for the sinks, at
 * most `limitMs`; at `process.exit` or an uncaught exception it hands over at once what can be handed over so. Gives the way
 * to stop that. One pair of listeners serves all audit logs of the thread, and none is left when none is open.
 */
export function drainAtExit(deliveries: readonly Delivery[], limitMs: number): () => void {
  const entry: Open = { deliveries, limitMs, spent: false }
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
    const busy = entry.deliveries.filter((delivery) => delivery.health().queued > 0)
    if (entry.spent || busy.length === 0) continue
    entry.spent = true
    void within(Promise.all(busy.map((delivery) => delivery.flush())), entry.limitMs).then((done) => {
      entry.spent = !done
    })
  }
}

function drainAllSync(): void {
  for (const { deliveries } of open) for (const delivery of deliveries) delivery.drainSync()
}
