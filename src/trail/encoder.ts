import type { Entry } from './batch.ts'
import { hashLength, writeLeafHash } from './merkle.ts'
import { newNonce } from './nonce.ts'

const initialBytes = 65_536
/** A buffer that one large batch has made larger than this is not kept. */
const keptBytes = 4_194_304
/** What a line is longer than its record: `,"nonce":"`, 22 characters, `"`, the newline. */
const nonceBytes = 34

/** Turns records into lines with nonces, and lines into hashes. Its one buffer serves a batch after the other. */
export class Encoder {
  #buffer: Buffer = Buffer.allocUnsafeSlow(initialBytes)
  #ends: number[] = []

  /** The lines, each with its newline, one after the other. The bytes are good until the next call. */
  encode(entries: readonly Entry[]): Buffer {
    if (this.#buffer.length > keptBytes) this.#buffer = Buffer.allocUnsafeSlow(initialBytes)
    const ends: number[] = []
    let at = 0
    for (const { record } of entries) {
      at = this.#encodeLine(record.line, at)
      ends.push(at)
    }
    this.#ends = ends
    return this.#buffer.subarray(0, at)
  }

  /** The hashes of the lines that were encoded last, 32 bytes each, one after the other. */
  hashes(): Buffer {
    const hashes = Buffer.allocUnsafe(this.#ends.length * hashLength)
    let start = 0
    for (const [index, end] of this.#ends.entries()) {
      writeLeafHash(this.#buffer, start, end - 1, hashes, index * hashLength)
      start = end
    }
    return hashes
  }

  #encodeLine(line: string, at: number): number {
    // A UTF-16 unit is at most three bytes of UTF-8.
    this.#ensure(at + 3 * line.length + nonceBytes)
    const brace = at + this.#buffer.write(line, at) - 1
    return brace + this.#buffer.write(`,"nonce":"${newNonce()}"}\n`, brace, 'latin1')
  }

  #ensure(bytes: number): void {
    if (bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#buffer.length))
    larger.set(this.#buffer)
    this.#buffer = larger
  }
}
