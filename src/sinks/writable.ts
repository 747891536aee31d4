import { AuditError, safeReasonOf } from '../lib/errors.ts'
import type { LineAnswer, Sink } from './sink.ts'
import { checkTextSinkOptions, type TextSinkOptions, textSink } from './text-sink.ts'

/** Anything that takes a line, which ends in `\n`: a Writable, a pino destination or transport, an object of the app's own. */
export interface LineWriter {
  write(line: string): unknown
}

type Listener = (...values: unknown[]) => void

/** What of a Writable or a pino destination is used where it is there. */
interface MaybeStream extends LineWriter {
  write(line: string, done?: (error?: unknown) => void): unknown
  on?(event: string, listener: Listener): unknown
  removeListener?(event: string, listener: Listener): unknown
  flush?(done?: (error?: unknown) => void): unknown
  flushSync?(): void
  readonly writableLength?: number
  readonly destroyed?: boolean
  readonly errored?: unknown
  /** How much sonic-boom, which a destination of pino is, keeps back before it writes. */
  readonly minLength?: number
}

/**
 * Something that takes lines as a sink. Where `write` gives `false`, the next line waits for `'drain'`. A record is safe
 * once `write` has returned, on a Node stream once that has called back; where it throws or fails, the record is lost
 * (`HANDLER_FAILED`): it is not written again. An `'error'` event is reported and does not end the process. What was given
 * is never ended; it is flushed where it can be.
 */
export function writableSink(target: LineWriter, options: TextSinkOptions = {}): Sink {
  checkTextSinkOptions(options)
  const name = options.name ?? nameOf(target)
  const writer = new StreamWriter(target, name)
  return textSink(
    {
      name,
      writeLines: (lines, signal) => writer.writeLines(lines, signal),
      writeLinesSync: (lines) => writer.writeLinesSync(lines),
      flush: () => writer.flush(),
      close: () => writer.close(),
    },
    options,
  )
}

function nameOf(target: object): string {
  const made = target.constructor?.name
  return made === undefined || made === '' || made === 'Object' ? 'writable' : made
}

class StreamWriter {
  readonly #target: MaybeStream
  readonly #name: string
  readonly #callsBack: boolean
  readonly #onError: Listener = (error) => {
    this.#settleDrained(error)
    // A stream tells its callbacks first and then everybody: once is enough.
    if (error !== this.#cause) this.#noteError(error)
  }
  readonly #onDrain: Listener = () => this.#wake()
  #needsDrain = false
  /** Whether anything was written since it last said 'drain', and who waits for that. */
  #isFilled = false
  #drained: ((error?: unknown) => void)[] = []
  #unsettled = 0
  #lost = 0
  #cause: unknown
  #failed = false
  #waiting: (() => void) | undefined
  #rest: readonly string[] = []

  constructor(target: LineWriter, name: string) {
    this.#target = target
    this.#name = name
    this.#callsBack = typeof this.#target.writableLength === 'number'
    this.#target.on?.('error', this.#onError)
    this.#target.on?.('close', this.#onDrain)
    this.#target.on?.('drain', this.#onDrain)
  }

  writeLines(lines: readonly string[], signal: AbortSignal): LineAnswer | undefined | Promise<LineAnswer | undefined> {
    this.#rest = lines
    this.#writeWhileReady()
    return this.#rest.length === 0 && this.#unsettled === 0 ? this.#answer() : this.#writeRest(lines.length, signal)
  }

  writeLinesSync(lines: readonly string[]): LineAnswer | undefined {
    const rest = this.#rest
    this.#rest = []
    for (const line of [...rest, ...lines]) this.#writeOne(line)
    try {
      this.#target.flushSync?.()
    } catch (error) {
      this.#noteError(error)
    }
    return this.#answer()
  }

  async flush(): Promise<void> {
    const { flush, minLength } = this.#target
    // A file's stream has a setting of that name.
    if (typeof flush !== 'function') return
    await this.#flushOnce(flush)
    if (minLength === undefined) return
    // sonic-boom calls back too early: at once where it keeps nothing back, though a write may be under way; and after a
    // write that was under way, though it may keep back what came meanwhile.
    if (minLength > 0) await this.#flushOnce(flush)
    else if (this.#isFilled)
      await new Promise<void>((resolve, reject) => this.#drained.push((error) => (error ? reject(error) : resolve())))
  }

  #flushOnce(flush: (done?: (error?: unknown) => void) => unknown): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const answer = flush.call(this.#target, (error) => (error ? reject(error) : resolve()))
      if (flush.length === 0) resolve(answer as Promise<void> | undefined)
    })
  }

  async close(): Promise<void> {
    this.#target.removeListener?.('error', this.#onError)
    this.#target.removeListener?.('close', this.#onDrain)
    this.#target.removeListener?.('drain', this.#onDrain)
    this.#wake()
  }

  #writeWhileReady(): void {
    let index = 0
    while (index < this.#rest.length && !this.#needsDrain) this.#writeOne(this.#rest[index++] ?? '')
    this.#rest = index === 0 ? this.#rest : this.#rest.slice(index)
  }

  async #writeRest(count: number, signal: AbortSignal): Promise<LineAnswer | undefined> {
    while ((this.#rest.length > 0 || this.#unsettled > 0) && !signal.aborted) {
      await this.#change(signal)
      this.#writeWhileReady()
    }
    if (this.#rest.length === 0) return this.#answer()
    // Handed over is handed over: only lines that the target never saw are worth another try.
    const taken = count - this.#rest.length
    this.#rest = []
    const error = new AuditError('HANDLER_FAILED', { handler: this.#name, reason: "it waits for 'drain'" })
    return { ...this.#answer(), taken, error }
  }

  #writeOne(line: string): void {
    // A Node stream that failed takes lines for ever and never calls back.
    if (this.#target.destroyed === true || (this.#target.errored ?? null) !== null) {
      this.#settleLoss(this.#cause ?? this.#target.errored)
      return
    }
    const done = this.#callsBack ? this.#expectCallback() : undefined
    this.#isFilled = true
    try {
      const ready = done === undefined ? this.#target.write(`${line}\n`) : this.#target.write(`${line}\n`, done)
      if (ready === false && this.#target.on !== undefined) this.#needsDrain = true
    } catch (error) {
      const settle = done ?? this.#settleLoss
      settle(error)
    }
  }

  #expectCallback(): (error?: unknown) => void {
    let called = false
    this.#unsettled++
    return (error) => {
      if (called) return
      called = true
      this.#unsettled--
      if (error) this.#settleLoss(error)
      if (this.#unsettled === 0) this.#waiting?.()
    }
  }

  readonly #settleLoss = (error: unknown): void => {
    this.#lost++
    this.#noteError(error)
  }

  #noteError(error: unknown): void {
    this.#cause = error
    this.#failed = true
  }

  #wake(): void {
    this.#needsDrain = false
    this.#settleDrained()
    this.#waiting?.()
  }

  #settleDrained(error?: unknown): void {
    this.#isFilled = false
    for (const settle of this.#drained.splice(0)) settle(error)
  }

  /** Resolves when the target drained, closed or called back, or when the signal says to stop. */
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const settle = () => {
        signal.removeEventListener('abort', settle)
        this.#waiting = undefined
        resolve()
      }
      this.#waiting = settle
      signal.addEventListener('abort', settle)
    })
  }

  #answer(): LineAnswer | undefined {
    if (this.#lost === 0 && !this.#failed) return undefined
    const values = { handler: this.#name, reason: safeReasonOf(this.#cause) }
    const answer = { lost: this.#lost, error: new AuditError('HANDLER_FAILED', values, this.#cause) }
    this.#lost = 0
    this.#failed = false
    return answer
  }
}
