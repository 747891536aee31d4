/** A cache that never outgrows its limit: when it is full it starts afresh, which costs less than keeping an order. */
export class BoundedMap<Key, Value> {
  readonly #limit: number
  readonly #entries = new Map<Key, Value>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key)
  }

  set(key: Key, value: Value): void {
    if (this.#entries.size >= this.#limit) this.#entries.clear()
    this.#entries.set(key, value)
  }
}
