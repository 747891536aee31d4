import type { DiskFile } from './disk.ts'
import { maxLineBytes } from './line.ts'

const newline = 0x0a
const pieceBytes = 256 * 1024

/** Gets a line without its newline, which is only lent: its bytes change afterwards. Gives whether it wants another one. */
export type TakeLine = (line: Buffer) => boolean

/** Where the reading of lines ended. */
export interface LinesEnd {
  /** The offset in the file behind the last line that was taken. */
  readonly end: number
  /** `end` of the file; a line that was not `wanted`; one that is too `long` to be a line. */
  readonly why: 'end' | 'wanted' | 'long'
}

/** Splits pieces of a file into lines, and holds no more than the beginning of one between two pieces. */
class Splitter {
  readonly #take: TakeLine
  readonly #begun: Buffer = Buffer.allocUnsafe(maxLineBytes)
  #length = 0
  end: number
  why: LinesEnd['why'] = 'end'

  constructor(offset: number, take: TakeLine) {
    this.end = offset
    this.#take = take
  }

  /** Gives whether more is wanted. */
  push(piece: Buffer): boolean {
    let start = 0
    for (let stop = piece.indexOf(newline); stop >= 0; stop = piece.indexOf(newline, start)) {
      const line = piece.subarray(start, stop)
      if (this.#length + line.length > maxLineBytes) return this.#stop('long')
      if (!this.#take(this.#length === 0 ? line : this.#complete(line))) return this.#stop('wanted')
      this.end += this.#length + line.length + 1
      this.#length = 0
      start = stop + 1
    }
    return this.#begin(piece.subarray(start))
  }

  #begin(rest: Buffer): boolean {
    if (this.#length + rest.length > maxLineBytes) return this.#stop('long')
    this.#begun.set(rest, this.#length)
    this.#length += rest.length
    return true
  }

  #complete(rest: Buffer): Buffer {
    this.#begun.set(rest, this.#length)
    return this.#begun.subarray(0, this.#length + rest.length)
  }

  #stop(why: LinesEnd['why']): false {
    this.why = why
    return false
  }
}

/**
 * Reads the lines of a file from an offset on, in pieces of 256 KiB, one read ahead of the lines that are taken; `between` is awaited after
 * each piece. Bytes at the end without a newline are no line.
 */
export async function readLines(
  file: DiskFile,
  offset: number,
  take: TakeLine,
  between: () => Promise<void> | undefined = () => undefined,
): Promise<LinesEnd> {
  const splitter = new Splitter(offset, take)
  let [piece, spare] = [Buffer.allocUnsafe(pieceBytes), Buffer.allocUnsafe(pieceBytes)]
  let position = offset
  let length = await file.read(piece, position)
  while (length > 0) {
    position += length
    const ahead = settled(file.read(spare, position))
    const goesOn = splitter.push(piece.subarray(0, length))
    await between()
    const next = await ahead
    if (!goesOn) break
    if ('error' in next) throw next.error
    length = next.value
    ;[piece, spare] = [spare, piece]
  }
  return { end: splitter.end, why: splitter.why }
}

/** A rejection must wait until somebody looks at it. */
function settled<Value>(promise: Promise<Value>): Promise<{ value: Value } | { error: unknown }> {
  return promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
}
