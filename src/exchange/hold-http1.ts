import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { HeldResponse, type HoldOptions } from './held-response.ts'
import { type Kept, keepFromClosing } from './idle-connections.ts'
import { writtenHead } from './node-response.ts'
import { override } from './override.ts'
import { refusal, refusalHead } from './refusal.ts'
import { WriteGate } from './write-gate.ts'

const forcedKey: unique symbol = Symbol('griffier.forced')

interface Forced {
  [forcedKey]?: boolean
}

/** What `end` goes by. One getter for all responses, which stays: see `lift` for what deleting it would cost. */
const lengthOrForced = {
  configurable: true,
  get(this: ServerResponse & Forced): unknown {
    return this[forcedKey] === true ? 1 : Reflect.get(Object.getPrototypeOf(this), 'writableLength', this)
  },
}

/** Holds an HTTP/1 response: see `HeldHttp1Response`. */
export function holdHttp1(res: ServerResponse, options: HoldOptions): void {
  const held = new HeldHttp1Response(res, options)
  const { end, write, flushHeaders } = res
  override(res, 'end', function (this: ServerResponse, chunk?: unknown, encoding?: unknown, callback?: unknown) {
    return held.end(() => end.call(this, chunk, encoding as BufferEncoding, callback as () => void))
  })
  override(res, 'write', function (this: ServerResponse, chunk: unknown, encoding?: unknown, callback?: unknown) {
    if (!held.beforeWrite(chunk, encoding))
      return write.call(this, chunk, encoding as BufferEncoding, callback as () => void)
    return held.lastPart(() => write.call(this, chunk, encoding as BufferEncoding, callback as () => void))
  })
  override(res, 'flushHeaders', function (this: ServerResponse) {
    if (!held.beforeFlushHeaders()) flushHeaders.call(this)
    else held.lastPart(() => flushHeaders.call(this))
  })
}

/**
 * Holds an HTTP/1 response. What completes it runs at once, as in bare Node; what it hands to the socket is queued there.
 * Completing are `end`, the write that reaches the declared Content-Length, and `flushHeaders` where there is no body.
 */
class HeldHttp1Response extends HeldResponse {
  readonly #res: ServerResponse
  #gate: WriteGate<Socket> | undefined
  #kept: Kept | undefined
  #declared: number | undefined
  #written = 0
  #isComplete = false

  constructor(res: ServerResponse, options: HoldOptions) {
    super(options)
    this.#res = res
  }

  /** Runs the response's `end` with the gate closed; should it throw, the gate stays closed until it is called again. */
  end(end: () => ServerResponse): ServerResponse {
    if (this.stage === 'open') this.#closeGate()
    if (this.#isShut() && this.#res.headersSent) this.#forceFinish()
    const result = end()
    this.#ended()
    return result
  }

  /** A write is about to run; true if it is the one that completes the response. */
  beforeWrite(chunk: unknown, encoding: unknown): boolean {
    if (this.stage !== 'open' || this.#res.writableEnded) return false
    const declared = this.#declared ?? this.#declaredLength()
    if (declared === Number.POSITIVE_INFINITY) return false
    this.#written += byteLength(chunk, encoding)
    return this.#written >= declared && this.#closeGate()
  }

  /** `flushHeaders` is about to run; true if the head is the whole response. */
  beforeFlushHeaders(): boolean {
    if (this.stage !== 'open' || this.#res.writableEnded || !this.#isHeadOnly()) return false
    return this.#closeGate()
  }

  /** Runs what completes the response before its `end`, which mostly follows in the same turn. */
  lastPart<Result>(run: () => Result): Result {
    const result = run()
    setImmediate(() => {
      if (this.#res.headersSent) this.#completed()
    })
    return result
  }

  #ended(): void {
    if (this.#res.writableEnded) {
      this.#unforceFinish()
      this.#completed()
    } else if (this.stage === 'gated') {
      // Another library's `end`, below ours, that goes on later.
      this.#forceFinish()
      this.#res.once('prefinish', this.#completed)
    }
  }

  #isShut(): boolean {
    return this.stage === 'gated' || this.stage === 'held'
  }

  protected isConnected(): boolean {
    return this.#gate !== undefined && !this.#gate.channel.destroyed
  }

  protected isHeadSent(): boolean {
    const head = writtenHead(this.#res)
    return head !== undefined && !this.#gate?.holds(head)
  }

  protected release(): void {
    const gate = this.#openGate()
    gate?.channel.cork()
    gate?.flush()
    gate?.channel.uncork()
  }

  protected refuse(): void {
    const socket = this.#giveUp()
    socket?.write(`${refusalHead()}\r\n\r\n${this.#res.req.method === 'HEAD' ? '' : refusal.body}`, 'latin1')
    socket?.destroySoon()
  }

  protected cut(): void {
    const socket = this.#giveUp()
    if (socket !== undefined) breakOff(socket)
  }

  protected drop(): void {
    this.#giveUp()
  }

  /** The declared Content-Length, infinite where there is none; it is final once the head is. */
  #declaredLength(): number {
    const head = writtenHead(this.#res)
    if (head === undefined) return Number(this.#res.getHeader('content-length') ?? Number.POSITIVE_INFINITY)
    this.#declared = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.POSITIVE_INFINITY)
    return this.#declared
  }

  #isHeadOnly(): boolean {
    const { req, statusCode } = this.#res
    return req.method === 'HEAD' || statusCode === 204 || statusCode === 304 || this.#declaredLength() === 0
  }

  /** False where there is no connection to hold anything back from. */
  #closeGate(): boolean {
    const { socket } = this.#res
    if (this.#res.destroyed) return false
    this.stage = 'gated'
    if (socket) this.#shut(socket)
    else this.#res.once('socket', this.#shut) // pipelined: its turn comes when those before it are finished
    return this.#isShut()
  }

  readonly #shut = (socket: Socket): void => {
    if (!socket.writable) {
      this.stage = 'open'
      return
    }
    this.#gate = new WriteGate(socket, this.#closed)
    this.#kept = keepFromClosing(serverOf(socket), this.#res)
    if (this.#isComplete) this.complete()
  }

  readonly #closed = (): void => this.gone()

  readonly #completed = (): void => {
    if (this.stage !== 'gated') return
    this.#unforceFinish()
    this.#isComplete = true
    if (this.#gate !== undefined) this.complete()
  }

  #openGate(): WriteGate<Socket> | undefined {
    this.#unforceFinish()
    this.#res.removeListener('socket', this.#shut)
    this.#res.removeListener('prefinish', this.#completed)
    const gate = this.#gate
    this.#gate = undefined
    gate?.open()
    this.#kept?.remove()
    this.#kept = undefined
    return gate
  }

  #giveUp(): Socket | undefined {
    const res = this.#res
    const gate = this.#openGate()
    // The last write of an ended response carries Node's own callback, which emits `finish`, until Node 24 even on an error.
    gate?.giveUp(res.writableEnded && !canFinishFail(res))
    // It asks the socket, which never had the end of this response.
    if (res.writableFinished) Object.defineProperty(res, 'writableFinished', { value: false, configurable: true })
    return gate?.channel
  }

  /** Has `end` send its `finish` through the socket even if nothing is left to write there. */
  #forceFinish(): void {
    const res: ServerResponse & Forced = this.#res
    if (res[forcedKey] === undefined) Object.defineProperty(res, 'writableLength', lengthOrForced)
    res[forcedKey] = true
  }

  #unforceFinish(): void {
    const res: ServerResponse & Forced = this.#res
    if (res[forcedKey] === true) res[forcedKey] = false
  }
}

function serverOf(socket: Socket): Server | undefined {
  return (socket as Socket & { readonly server?: Server }).server
}

/** A reset, where there can be one: to a client that reads until the connection closes, an orderly end looks complete. */
function breakOff(socket: Socket): void {
  try {
    socket.resetAndDestroy()
  } catch {
    socket.destroy()
  }
}

function canFinishFail(res: ServerResponse): boolean {
  return Object.getOwnPropertySymbols(res).some((symbol) => symbol.description === 'kEndCallbacks')
}

function byteLength(chunk: unknown, encoding: unknown): number {
  if (chunk instanceof Uint8Array) return chunk.byteLength
  if (typeof chunk !== 'string') return 0
  return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : undefined)
}
