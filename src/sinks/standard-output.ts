import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs'
import { AuditError, safeReasonOf } from '../lib/errors.ts'
import { isSystemError } from '../lib/system-error.ts'
import { nothing, Outgoing } from './outgoing.ts'
import type { LineAnswer } from './sink.ts'

// PIPE_BUF on Linux: a write of at most so many bytes to a pipe goes out whole or not at all (pipe(7)).
const pipePieceBytes = 4096
const shortestWaitMs = 1
const longestWaitMs = 50
const syncLimitMs = 1_000

interface Target {
  readonly descriptor: number
  /** Whether the descriptor was opened here. */
  readonly own: boolean
  readonly pieceBytes: number
}

interface UnderWay {
  readonly outgoing: Outgoing
  readonly lineCount: number
  readonly answer: (answer: LineAnswer | undefined) => void
}

/** Lines to a descriptor that may be slow and that others write to as well; never waits for it but at exit. */
export class StandardOutput {
  readonly #target: Target
  #before: Buffer = nothing
  #underWay: UnderWay | undefined
  #timer: NodeJS.Timeout | undefined
  #broken: AuditError | undefined

  constructor(descriptor: number) {
    this.#target = targetOf(descriptor)
  }

  writeLines(lines: readonly string[], signal: AbortSignal): LineAnswer | undefined | Promise<LineAnswer | undefined> {
    const outgoing = new Outgoing(lines, this.#before)
    const answer = this.#advance(outgoing, lines.length)
    return answer === 'busy' ? this.#wait(outgoing, lines.length, signal) : answer
  }

  writeLinesSync(lines: readonly string[]): LineAnswer | undefined {
    const deadline = performance.now() + syncLimitMs
    const underWay = this.#underWay
    if (underWay !== undefined) {
      this.#settle(underWay, this.#advanceUntil(deadline, underWay.outgoing, underWay.lineCount))
    }
    return this.#advanceUntil(deadline, new Outgoing(lines, this.#before), lines.length)
  }

  close(): void {
    if (this.#underWay !== undefined) this.#settle(this.#underWay, this.#leave(this.#underWay.outgoing))
    if (this.#target.own) closeSync(this.#target.descriptor)
  }

  #wait(outgoing: Outgoing, lineCount: number, signal: AbortSignal): Promise<LineAnswer | undefined> {
    return new Promise((resolve) => {
      const stop = () => this.#settle(underWay, this.#leave(outgoing))
      const underWay: UnderWay = {
        outgoing,
        lineCount,
        answer: (answer) => {
          signal.removeEventListener('abort', stop)
          resolve(answer)
        },
      }
      this.#underWay = underWay
      signal.addEventListener('abort', stop)
      this.#tryLater(underWay, shortestWaitMs)
    })
  }

  /** A pipe tells nobody when it has room again, so it is asked: soon at first, then up to 20 times a second. */
  #tryLater(underWay: UnderWay, waitMs: number): void {
    this.#timer = setTimeout(() => {
      const before = underWay.outgoing.writtenBytes
      const answer = this.#advance(underWay.outgoing, underWay.lineCount)
      if (answer !== 'busy') return this.#settle(underWay, answer)
      const moved = underWay.outgoing.writtenBytes > before
      this.#tryLater(underWay, moved ? shortestWaitMs : Math.min(waitMs * 2, longestWaitMs))
    }, waitMs).unref()
  }

  #settle(underWay: UnderWay, answer: LineAnswer | undefined): void {
    clearTimeout(this.#timer)
    this.#underWay = undefined
    underWay.answer(answer)
  }

  /** Stops in the middle: a line that has begun counts as taken, and its rest goes out before the next. */
  #leave(outgoing: Outgoing): LineAnswer {
    this.#before = Buffer.from(outgoing.unfinished)
    return { taken: outgoing.begunLines, error: new AuditError('STDOUT_NOT_WRITTEN', { reason: 'nobody reads it' }) }
  }

  #advanceUntil(deadline: number, outgoing: Outgoing, lineCount: number): LineAnswer | undefined {
    const sleeper = new Int32Array(new SharedArrayBuffer(4))
    let answer = this.#advance(outgoing, lineCount)
    while (answer === 'busy' && performance.now() < deadline) {
      Atomics.wait(sleeper, 0, 0, shortestWaitMs)
      answer = this.#advance(outgoing, lineCount)
    }
    return answer === 'busy' ? this.#leave(outgoing) : answer
  }

  #advance(outgoing: Outgoing, lineCount: number): LineAnswer | undefined | 'busy' {
    if (this.#broken !== undefined) return { lost: lineCount, error: this.#broken }
    const { descriptor, pieceBytes } = this.#target
    try {
      outgoing.writeTo((bytes, offset, length) => writeSync(descriptor, bytes, offset, length), pieceBytes)
      this.#before = nothing
      return undefined
    } catch (error) {
      return isSystemError(error, 'EAGAIN') ? 'busy' : this.#fail(outgoing, lineCount, error)
    }
  }

  #fail(outgoing: Outgoing, lineCount: number, cause: unknown): LineAnswer {
    const error = new AuditError('STDOUT_NOT_WRITTEN', { reason: safeReasonOf(cause) }, cause)
    if (!isSystemError(cause, 'EPIPE')) {
      this.#before = outgoing.unfinished.length > 0 ? Buffer.from('\n') : nothing
      return { taken: outgoing.wholeLines, error }
    }
    this.#broken = error
    return { lost: lineCount - outgoing.wholeLines, error }
  }
}

function targetOf(descriptor: number): Target {
  const status = fstatSync(descriptor)
  if (status.isFIFO() && process.platform === 'linux') {
    try {
      // Opened anew, the pipe has flags of its own: not to wait is our affair, and the app's writes stay as they are.
      const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_APPEND
      return { descriptor: openSync(`/proc/self/fd/${descriptor}`, flags), own: true, pieceBytes: pipePieceBytes }
    } catch {
      // No /proc, another user's pipe, or no reader any more: the descriptor itself will say.
      return { descriptor, own: false, pieceBytes: pipePieceBytes }
    }
  }
  return { descriptor, own: false, pieceBytes: Number.POSITIVE_INFINITY }
}
