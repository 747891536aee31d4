type Close = () => Promise<unknown>

const closers = new Map<NodeJS.Signals, Set<Close>>()
const closing = new Set<NodeJS.Signals>()

/**
 * Calls `close` when one of the signals asks the process to end and then, where nobody else listens for that signal,
 * lets it end the process as it would have. A second one does so at once. Gives the way to stop that.
 */
export function closeOnSignals(close: Close, signals: readonly NodeJS.Signals[]): () => void {
  for (const signal of signals) {
    const waiting = closers.get(signal) ?? new Set()
    if (waiting.size === 0) process.on(signal, closeAll)
    closers.set(signal, waiting.add(close))
  }
  return () => {
    for (const signal of signals) {
      const waiting = closers.get(signal)
      if (waiting?.delete(close) && waiting.size === 0 && !closing.has(signal)) process.removeListener(signal, closeAll)
    }
  }
}

function closeAll(signal: NodeJS.Signals): void {
  if (closing.has(signal)) {
    endBy(signal)
    return
  }
  closing.add(signal)
  void Promise.allSettled([...(closers.get(signal) ?? [])].map((close) => close())).then(() => endBy(signal))
}

function endBy(signal: NodeJS.Signals): void {
  closing.delete(signal)
  closers.delete(signal)
  process.removeListener(signal, closeAll)
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
}
