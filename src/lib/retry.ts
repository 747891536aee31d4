import { unref } from './timers.ts'

const firstMs = 100

/** Calls back after pauses that double. Keeps no process alive. */
export class Retry {
  readonly #callback: () => void
  readonly #longestMs: number
  readonly #hasJitter: boolean
  #nextMs = firstMs
  #timer: ReturnType<typeof setTimeout> | undefined

  /** From 0.1 seconds to `longestMs`. With full jitter each lasts a random part of that, so that many processes do not come back at the same moment. */
  constructor(callback: () => void, longestMs: number, jitter: 'full jitter' | 'no jitter') {
    this.#callback = callback
    this.#longestMs = longestMs
    this.#hasJitter = jitter === 'full jitter'
  }

  /** Begins the next pause; gives its length in milliseconds. */
  later(): number {
    const ms = this.#hasJitter ? Math.random() * this.#nextMs : this.#nextMs
    this.#nextMs = Math.min(2 * this.#nextMs, this.#longestMs)
    this.stop()
    this.#timer = unref(setTimeout(this.#callback, ms))
    return ms
  }

  /** Begins with short pauses again. */
  reset(): void {
    this.#nextMs = firstMs
  }

  /** Ends a pause without a call. */
  stop(): void {
    clearTimeout(this.#timer)
  }
}
