import type { FileHandle } from 'node:fs/promises'
import type { Faults } from './fault.ts'
import type { Files } from './files.ts'
import { MOST_LINE_BYTES } from './line.ts'

const PIECE = 1 << 20
const NEWLINE = 0x0a

/** Nobody has more; it bounds what a hostile directory can make us remember. */
const MOST_SEGMENTS = 1_000_000

/** What the records of the trail itself have near their head; in other records it may stand for anything. */
const kindMember = Buffer.from('"kind":"')

export function segmentPath(first: number): string {
  return `segments/${String(first).padStart(12, '0')}.ndjson`
}

/** The indices that the segments begin with, in order. */
export function listSegments(files: Files, faults: Faults): number[] {
  const firsts: number[] = []
  for (const { name, path, kind } of files.list('segments')) {
    const first = Number(/^(\d{12,16})\.ndjson$/.exec(name)?.[1])
    if (!Number.isSafeInteger(first) || segmentPath(first) !== path || firsts.length >= MOST_SEGMENTS) {
      faults.add('UNKNOWN', { file: path })
    } else if (kind !== 'file') faults.add('KIND', { file: path })
    else firsts.push(first)
  }
  return firsts.sort((a, b) => a - b)
}

/**
 * Takes a line, which lies from `start` to `end` in the bytes; the byte before it may be overwritten. `offset` is where it
 * begins in the segment, `kind` where in the bytes the value of its first `kind` member begins, -1 where it has none. False
 * ends the reading before this line.
 */
export type TakeLine = (bytes: Buffer, start: number, end: number, offset: number, kind: number) => boolean

/** `end`: of the file, for now; `limit`: as many lines as wanted; `refused`: by whoever takes them, or too long. */
export type ReadEnd = 'end' | 'limit' | 'refused'

/** Reads the lines of one segment, from where it stopped before. */
export class SegmentReader {
  readonly first: number
  readonly path: string
  /** Where the next line begins. */
  offset = 0
  /** The bytes behind the last newline, after `end`; at most one more than a line may have. */
  tail: Buffer = Buffer.alloc(0)
  readonly #file: FileHandle
  readonly #bytes: Buffer

  private constructor(first: number, file: FileHandle, bytes: Buffer) {
    this.first = first
    this.path = segmentPath(first)
    this.#file = file
    this.#bytes = bytes
  }

  /** Undefined where it cannot be opened. `bytes` is from `pieceBuffer`, and used by one reader at a time. */
  static async open(files: Files, first: number, bytes: Buffer): Promise<SegmentReader | undefined> {
    const file = await files.open(segmentPath(first))
    return file === undefined ? undefined : new SegmentReader(first, file, bytes)
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  async size(): Promise<number> {
    return (await this.#file.stat()).size
  }

  /** Hands on up to `most` lines. `read` is told of bytes as they are read. */
  async readOn(most: number, take: TakeLine, read: (bytes: number) => void): Promise<ReadEnd> {
    let left = most
    let carried = 0
    while (left > 0) {
      const { bytesRead } = await this.#file.read(this.#bytes, 1 + carried, PIECE, this.offset + carried)
      if (bytesRead === 0) {
        this.tail = Buffer.from(this.#bytes.subarray(1, 1 + carried))
        return 'end'
      }
      read(bytesRead)
      const piece = this.#bytes.subarray(0, 1 + carried + bytesRead)
      const begun = this.offset
      const lines = this.#handOn(piece, left, take)
      if (lines < 0) return 'refused'
      left -= lines
      const taken = 1 + this.offset - begun
      carried = piece.length - taken
      if (carried > MOST_LINE_BYTES && left > 0) {
        this.tail = Buffer.from(piece.subarray(taken, taken + MOST_LINE_BYTES + 1))
        return 'refused'
      }
      this.#bytes.copyWithin(1, taken, piece.length)
    }
    return 'limit'
  }

  /** How many lines of the piece were taken; -1 where one was refused. */
  #handOn(piece: Buffer, most: number, take: TakeLine): number {
    let start = 1
    let lines = 0
    let kind = nextKind(piece, start)
    while (lines < most) {
      const end = piece.indexOf(NEWLINE, start)
      if (end < 0) break
      while (kind < start) kind = nextKind(piece, start)
      if (!take(piece, start, end, this.offset, kind < end ? kind : -1)) return -1
      this.offset += end + 1 - start
      start = end + 1
      lines += 1
    }
    return lines
  }
}

function nextKind(piece: Buffer, from: number): number {
  const at = piece.indexOf(kindMember, from)
  return at < 0 ? Number.POSITIVE_INFINITY : at + kindMember.length
}

/** Room for a piece of a segment, what was left of the one before it, and the byte in front. */
export function pieceBuffer(): Buffer {
  return Buffer.allocUnsafe(1 + MOST_LINE_BYTES + 1 + PIECE)
}
