import { type Duplex, Writable } from 'node:stream'
import { lift, shadow } from './shadow.ts'

type Values = readonly unknown[]

/** One write that its channel has not been given yet, and the one after it. */
class QueuedWrite {
  readonly data: unknown
  readonly encoding: unknown
  readonly callback: unknown
  next: QueuedWrite | undefined

  constructor(data: unknown, encoding: unknown, callback: unknown) {
    this.data = data
    this.encoding = encoding
    this.callback = callback
  }
}

/**
 * Queues what is written to a socket or stream by shadowing its `write` and `end` until it is opened. Writers are told to
 * go on (`true`), so that a response that is complete but for its end is never stuck.
 *
 * It has no array and no object literal of its own: V8 takes those of one place for long-lived when many outlive a collection, as
 * they do while they are held, and makes them among the old objects; there, each keeps what it refers to until the next full collection.
 */
export class WriteGate<Channel extends Duplex> {
  readonly channel: Channel
  readonly #closed: () => void
  readonly #ended: (() => void) | undefined
  readonly #write: (...values: Values) => boolean
  readonly #end: (...values: Values) => Channel
  #first: QueuedWrite | undefined
  #last: QueuedWrite | undefined
  #ending: Values | undefined
  #isOpen = false

  /** `closed` is called when the channel has closed, `ended` when `end` was called on it. */
  constructor(channel: Channel, closed: () => void, ended?: () => void) {
    this.channel = channel
    this.#closed = closed
    this.#ended = ended
    const { write, end } = channel
    this.#write = shadow(channel, 'write', (...values: Values) =>
      this.#isShut() ? this.#queueWrite(values) : Reflect.apply(write, channel, values),
    )
    this.#end = shadow(channel, 'end', (...values: Values) =>
      this.#isShut() ? this.#queueEnd(values) : Reflect.apply(end, channel, values),
    )
    // Before Node's own listener, which makes an HTTP/1 response emit `close`.
    channel.prependListener('close', closed)
  }

  hasEnded(): boolean {
    return this.#ending !== undefined
  }

  /** Whether a text with this beginning waits. */
  holds(beginning: string): boolean {
    for (let queued = this.#first; queued !== undefined; queued = queued.next) {
      if (typeof queued.data === 'string' && queued.data.startsWith(beginning)) return true
    }
    return false
  }

  /** Lets everything pass again; what was queued is still to be sent or given up. */
  open(): void {
    this.#isOpen = true
    lift(this.channel, 'end', this.#end)
    lift(this.channel, 'write', this.#write)
    this.channel.removeListener('close', this.#closed)
  }

  /** Sends what was queued. */
  flush(): void {
    for (let queued = this.#takeQueued(); queued !== undefined; queued = queued.next) {
      this.channel.write(queued.data, queued.encoding as BufferEncoding, queued.callback as () => void)
    }
    if (this.#ending !== undefined) this.channel.end(...(this.#ending as []))
  }

  /** Tells those who wait for queued writes, perhaps but for the last, that these will never be sent, as Node does. */
  giveUp(butTheLast = false): void {
    for (let queued = this.#takeQueued(); queued !== undefined; queued = queued.next) {
      const { callback } = queued
      if (typeof callback !== 'function' || (butTheLast && queued.next === undefined)) continue
      const error = new Error('Cannot call write after a stream was destroyed')
      process.nextTick(callback as () => void, Object.assign(error, { code: 'ERR_STREAM_DESTROYED' }))
    }
  }

  /** The first of the writes, with those after it. */
  #takeQueued(): QueuedWrite | undefined {
    const first = this.#first
    this.#first = undefined
    this.#last = undefined
    return first
  }

  /** While a stream closes, Node itself ends it. */
  #isShut(): boolean {
    return !this.#isOpen && !this.channel.closed && !this.channel.destroyed
  }

  #queueWrite([data, encoding, callback]: Values): boolean {
    if (!isSurelyWritable(data, encoding)) judge(data, encoding)
    const queued = new QueuedWrite(data, encoding, callback)
    if (this.#last === undefined) this.#first = queued
    else this.#last.next = queued
    this.#last = queued
    return true
  }

  #queueEnd(values: Values): Channel {
    this.#ending ??= values
    this.#ended?.()
    return this.channel
  }
}

function isSurelyWritable(data: unknown, encoding: unknown): boolean {
  if (typeof data !== 'string') return data instanceof Uint8Array
  return typeof encoding !== 'string' || Buffer.isEncoding(encoding)
}

/** Throws what a stream throws when it is given something that it cannot write. */
function judge(data: unknown, encoding: unknown): void {
  const judging = new Writable({ decodeStrings: false, write: (_data, _encoding, done) => done() })
  judging.write(data, encoding as BufferEncoding)
}
