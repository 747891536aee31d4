const firstMs = 100
const lastMs = 5_000

/** Calls back after a pause that doubles from 0.1 to 5 seconds. Keeps no process alive. */
export class Retry {
  readonly #callback: () => void
  #nextMs = firstMs
  #timer: NodeJS.Timeout | undefined

  constructor(callback: () => void) {
    this.#callback = callback
  }

  /** Begins the next pause. */
  later(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#callback, this.#nextMs).unref()
    this.#nextMs = Math.min(2 * this.#nextMs, lastMs)
  }

  /** Begins with short pauses again. */
  reset(): void {
    this.#nextMs = firstMs
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
