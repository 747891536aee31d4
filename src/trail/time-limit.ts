import { TrailFailure } from './trail-failure.ts'

/** Gives operations of a disk a limit. One that takes longer has failed, whatever becomes of it; it is known until it ends. */
export class TimeLimit {
  readonly #limitMs: number
  readonly #late = new Set<Promise<void>>()

  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  /** How many operations have taken too long and go on. */
  get late(): number {
    return this.#late.size
  }

  /** What the operation gives, or a rejection as soon as it takes too long; what it gives then goes to `tooLate`. */
  run<Value>(operation: () => Promise<Value>, tooLate?: (value: Value) => unknown): Promise<Value> {
    return new Promise((resolve, reject) => {
      let isLate = false
      const running = operation().then((value) => (isLate ? void tooLate?.(value) : resolve(value)), reject)
      const ended = running.then(() => {
        clearTimeout(timer)
        this.#late.delete(ended)
      })
      const timer = setTimeout(() => {
        isLate = true
        this.#late.add(ended)
        reject(new TrailFailure(`the disk did not answer within ${this.#limitMs} ms`))
      }, this.#limitMs)
    })
  }

  /** When none of the operations that took too long goes on. */
  async whenIdle(): Promise<void> {
    await Promise.all(this.#late)
  }
}
