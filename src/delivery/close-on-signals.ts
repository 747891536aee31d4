const signals = ['SIGTERM', 'SIGINT'] as const
const closers = new Set<() => Promise<unknown>>()
let closing = false

/**
 * Calls `close` when the process is asked to end (SIGTERM, SIGINT) and then, where nobody else listens for that signal,
 * lets it end the process as it would have. A second signal does so at once. Gives the way to stop that.
 */
export function closeOnSignals(close: () => Promise<unknown>): () => void {
  if (closers.size === 0) for (const signal of signals) process.on(signal, closeAll)
  closers.add(close)
  return () => {
    closers.delete(close)
    if (closers.size === 0 && !closing) stopListening()
  }
}

function closeAll(signal: NodeJS.Signals): void {
  if (closing) {
    endBy(signal)
    return
  }
  closing = true
  void Promise.allSettled([...closers].map((close) => close())).then(() => endBy(signal))
}

function endBy(signal: NodeJS.Signals): void {
  closing = false
  closers.clear()
  stopListening()
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
}

function stopListening(): void {
  for (const signal of signals) process.removeListener(signal, closeAll)
}
