import { type Duplex, Writable } from 'node:stream'
import { lift, shadow } from './shadow.ts'

type Values = readonly unknown[]

/** One write that its channel has not been given yet. */
interface QueuedWrite {
  readonly data: unknown
  readonly encoding: unknown
  readonly callback: unknown
}

export interface GateEvents {
  /** The channel has closed. */
  readonly closed: () => void
  /** `end` was called on the channel. */
  readonly ended?: () => void
}

/**
 * Queues what is written to a socket or stream by shadowing its `write` and `end` until it is opened. Writers are told to
 * go on (`true`), so that a response that is complete but for its end is never stuck.
 */
export class WriteGate<Channel extends Duplex> {
  readonly channel: Channel
  readonly #events: GateEvents
  readonly #write: (...values: Values) => boolean
  readonly #end: (...values: Values) => Channel
  #queued: QueuedWrite[] = []
  #ending: Values | undefined
  #isOpen = false

  constructor(channel: Channel, events: GateEvents) {
    this.channel = channel
    this.#events = events
    const { write, end } = channel
    this.#write = (...values) => (this.#isShut() ? this.#queueWrite(values) : Reflect.apply(write, channel, values))
    this.#end = (...values) => (this.#isShut() ? this.#queueEnd(values) : Reflect.apply(end, channel, values))
    shadow(channel, 'write', this.#write)
    shadow(channel, 'end', this.#end)
    // Before Node's own listener, which makes an HTTP/1 response emit `close`.
    channel.prependListener('close', events.closed)
  }

  hasEnded(): boolean {
    return this.#ending !== undefined
  }

  /** Whether a text with this beginning waits. */
  holds(beginning: string): boolean {
    return this.#queued.some(({ data }) => typeof data === 'string' && data.startsWith(beginning))
  }

  /** Lets everything pass again; what was queued is still to be sent or given up. */
  open(): void {
    this.#isOpen = true
    lift(this.channel, 'end', this.#end)
    lift(this.channel, 'write', this.#write)
    this.channel.removeListener('close', this.#events.closed)
  }

  /** Sends what was queued. */
  flush(): void {
    for (const { data, encoding, callback } of this.#takeQueued()) {
      this.channel.write(data, encoding as BufferEncoding, callback as () => void)
    }
    if (this.#ending !== undefined) this.channel.end(...(this.#ending as []))
  }

  /** Tells those who wait for queued writes, less some at the end, that these will never be sent, as Node does. */
  giveUp(less = 0): void {
    const queued = this.#takeQueued()
    for (const { callback } of queued.slice(0, queued.length - less)) {
      if (typeof callback !== 'function') continue
      const error = new Error('Cannot call write after a stream was destroyed')
      process.nextTick(callback as () => void, Object.assign(error, { code: 'ERR_STREAM_DESTROYED' }))
    }
  }

  #takeQueued(): readonly QueuedWrite[] {
    const queued = this.#queued
    this.#queued = []
    return queued
  }

  /** While a stream closes, Node itself ends it. */
  #isShut(): boolean {
    return !this.#isOpen && !this.channel.closed && !this.channel.destroyed
  }

  #queueWrite([data, encoding, callback]: Values): boolean {
    if (!isSurelyWritable(data, encoding)) judge(data, encoding)
    this.#queued.push({ data, encoding, callback })
    return true
  }

  #queueEnd(values: Values): Channel {
    this.#ending ??= values
    this.#events.ended?.()
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
