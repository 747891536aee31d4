const newline = 10
export const nothing: Buffer = Buffer.alloc(0)
const mostBytesPerUnit = 3
/** What is written out at once, as nearly all is, is encoded here: memory of its own for each would cost more than the encoding. */
const shared = Buffer.allocUnsafeSlow(512 * 1024)

/** Whole lines on their way to a file descriptor, and how far they have got. To be written before another is made. */
export class Outgoing {
  #bytes: Buffer
  readonly #firstLine: number
  #offset = 0

  /** `before` goes first: what is still to be said of an earlier line. */
  constructor(lines: readonly string[], before: Buffer = nothing) {
    let text = ''
    for (const line of lines) text += `${line}\n`
    const bytes = encoded(text)
    this.#bytes = before.length === 0 ? bytes : Buffer.concat([before, bytes])
    this.#firstLine = before.length
  }

  get writtenBytes(): number {
    return this.#offset
  }

  /** How many of the lines are out, down to their newline. */
  get wholeLines(): number {
    let count = 0
    let at = this.#bytes.indexOf(newline, this.#firstLine)
    while (at !== -1 && at < this.#offset) {
      count++
      at = this.#bytes.indexOf(newline, at + 1)
    }
    return count
  }

  /** How many of the lines have at least begun. */
  get begunLines(): number {
    return this.wholeLines + (this.#offset > this.#firstLine && this.#isMidLine() ? 1 : 0)
  }

  /** What must go out before another line can begin: the rest of one that has begun. Empty where nothing must. */
  get unfinished(): Buffer {
    if (this.#offset === 0) return this.#bytes.subarray(0, this.#firstLine)
    if (!this.#isMidLine()) return nothing
    return this.#bytes.subarray(this.#offset, this.#bytes.indexOf(newline, this.#offset) + 1)
  }

  /**
   * Writes until all is out, as many whole lines at a time as fit into `pieceBytes`. Throws what `write` throws; called
   * again, it goes on from where it was.
   */
  writeTo(write: (bytes: Buffer, offset: number, length: number) => number, pieceBytes: number): void {
    try {
      while (this.#offset < this.#bytes.length) {
        this.#offset += write(this.#bytes, this.#offset, this.#pieceEnd(pieceBytes) - this.#offset)
      }
    } catch (error) {
      if (this.#bytes.buffer === shared.buffer) this.#bytes = Buffer.from(this.#bytes)
      throw error
    }
  }

  #isMidLine(): boolean {
    return this.#offset > 0 && this.#bytes[this.#offset - 1] !== newline
  }

  #pieceEnd(pieceBytes: number): number {
    if (this.#bytes.length - this.#offset <= pieceBytes) return this.#bytes.length
    const last = this.#bytes.lastIndexOf(newline, this.#offset + pieceBytes - 1)
    return 1 + (last >= this.#offset ? last : this.#bytes.indexOf(newline, this.#offset))
  }
}

function encoded(text: string): Buffer {
  if (text.length * mostBytesPerUnit > shared.length) return Buffer.from(text)
  return shared.subarray(0, shared.write(text))
}
