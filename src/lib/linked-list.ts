/** A place in a list. */
export class Link<Value extends object> {
  /** Undefined once it was removed: whatever keeps the link alive then does not keep the value. */
  value: Value | undefined
  previous: Link<Value> | undefined
  next: Link<Value> | undefined
  readonly #list: LinkedList<Value>

  constructor(list: LinkedList<Value>, value: Value) {
    this.#list = list
    this.value = value
  }

  /** Takes the value out of its list. It may be removed twice. */
  remove(): void {
    this.#list.remove(this)
  }
}

/**
 * Values in the order in which they were added. Not a Set: growing and shrinking, that leaves a chain of tables behind, through
 * which one that the garbage collector has taken for old keeps all that came after it.
 */
export class LinkedList<Value extends object> implements Iterable<Value> {
  #first: Link<Value> | undefined
  #last: Link<Value> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Of those that are there, the value that was added first. */
  get first(): Value | undefined {
    return this.#first?.value
  }

  add(value: Value): Link<Value> {
    const link = new Link(this, value)
    link.previous = this.#last
    if (this.#last === undefined) this.#first = link
    else this.#last.next = link
    this.#last = link
    this.#size++
    return link
  }

  /** Takes the first value out. */
  shift(): void {
    this.#first?.remove()
  }

  remove(link: Link<Value>): void {
    if (link.value === undefined) return
    const { previous, next } = link
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    link.value = undefined
    link.previous = undefined
    link.next = undefined
    this.#size--
  }

  /** Those of this moment, as they may leave while they are gone through. */
  [Symbol.iterator](): Iterator<Value> {
    const all: Value[] = []
    for (let link = this.#first; link?.value !== undefined; link = link.next) all.push(link.value)
    return all.values()
  }
}
