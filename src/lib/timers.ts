/** Calls back when the current turn of the event loop is over, where the platform can say when that is; else soon. */
export function soon(callback: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(callback)
  else setTimeout(callback, 0)
}

/** Lets the process end although the timer still runs, where timers keep one alive. Gives the timer back. */
export function unref<Timer>(timer: Timer): Timer {
  ;(timer as { unref?(): unknown }).unref?.()
  return timer
}
