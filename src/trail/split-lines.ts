import type { DiskFile } from './disk.ts'
import { maxLineBytes } from './line.ts'

const newline = 0x0a
const pieceBytes = 256 * 1024

/**
 * Reads a file in pieces of 256 KiB from an offset on, one ahead, and gives the lines that end in each, without their newlines. They are lent: their
 * bytes change with the next ones. Ends with the file, or before a line that is too long to be one; bytes at the end without a newline are no line.
 */
export async function* readLines(file: DiskFile, offset: number): AsyncGenerator<readonly Buffer[]> {
  const begun = { bytes: Buffer.allocUnsafe(maxLineBytes), length: 0 }
  let [piece, spare] = [Buffer.allocUnsafe(pieceBytes), Buffer.allocUnsafe(pieceBytes)]
  let position = offset
  let ahead = settled(file.read(piece, position))
  try {
    for (;;) {
      const read = await ahead
      if ('error' in read) throw read.error
      if (read.value === 0) return
      position += read.value
      ahead = settled(file.read(spare, position))
      const lines: Buffer[] = []
      const goesOn = split(piece.subarray(0, read.value), begun, lines)
      yield lines
      if (!goesOn) return
      ;[piece, spare] = [spare, piece]
    }
  } finally {
    // The file may be closed when this is over.
    await ahead
  }
}

/** Adds the lines that end in a piece, of which the first may have begun in one before. Gives whether what is left can begin a line. */
function split(piece: Buffer, begun: { readonly bytes: Buffer; length: number }, lines: Buffer[]): boolean {
  let start = 0
  for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, start)) {
    if (begun.length + end - start > maxLineBytes) return false
    if (begun.length === 0) lines.push(piece.subarray(start, end))
    else {
      lines.push(Buffer.concat([begun.bytes.subarray(0, begun.length), piece.subarray(start, end)]))
      begun.length = 0
    }
    start = end + 1
  }
  if (begun.length + piece.length - start > maxLineBytes) return false
  begun.bytes.set(piece.subarray(start), begun.length)
  begun.length += piece.length - start
  return true
}

/** A rejection must wait until somebody looks at it. */
function settled<Value>(promise: Promise<Value>): Promise<{ value: Value } | { error: unknown }> {
  return promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
}
