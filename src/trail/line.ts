import { isUtf8 } from 'node:buffer'
import { randomFillSync } from 'node:crypto'

/** The largest line, in bytes without its newline: the limit of an entry of a C2SP log. */
export const maxLineBytes = 65_535

/** What the nonce adds to a record's line, in bytes. */
export const nonceBytes: number = ',"nonce":"0123456789012345678901"'.length

/** What the beginning of a line says of its record; what it does not have is undefined. */
export interface LineHead {
  readonly id: string | undefined
  readonly time: string | undefined
  readonly kind: string | undefined
  readonly exchange: string | undefined
}

const nonceLength = 16
const pool = Buffer.allocUnsafeSlow(256 * nonceLength)
let used = pool.length

/** The line of a trail: a record's native line with 16 random bytes as its last member, `nonce`. */
export function addNonce(nativeLine: string): string {
  // Random bytes are drawn in bulk, as a draw for each line would cost more than all else here.
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const nonce = pool.toString('base64url', used, used + nonceLength)
  used += nonceLength
  return `${nativeLine.slice(0, -1)},"nonce":"${nonce}"}`
}

const whole = /^\{"id":".*,"nonce":"[\w-]{21}[AQgw]"\}$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const control = /[\u0000-\u001f]/

/** Whether the bytes, without a newline, are a line as a trail may have it. */
export function isWellFormed(line: Buffer): boolean {
  if (line.length > maxLineBytes || !isUtf8(line)) return false
  const text = line.toString('utf8')
  return whole.test(text) && !control.test(text) && isJson(text)
}

/** Longer than what nearly all lines need to tell their head. */
const headBytes = 320
const head =
  /^\{"id":"([^"\\]*)","time":"([^"\\]*)"(?:,"duration_ms":[-+.\de]+)?,"logger":"(?:[^"\\]|\\.)*"(?:,"kind":"([^"\\]*)")?(?:,"exchange":"([^"\\]*)")?,/

/** The head of a line's record. Reads only the beginning where the members have their order, else all of the line. */
export function headOf(line: Buffer): LineHead {
  const found = head.exec(line.toString('latin1', 0, headBytes))
  if (found === null) return parsedHead(line)
  return { id: found[1], time: found[2], kind: found[3], exchange: found[4] }
}

/** The object of a line; undefined where it is none. */
export function objectOf(line: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'))
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Whether a value of JSON is an object, and no list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parsedHead(line: Buffer): LineHead {
  const object = objectOf(line) ?? {}
  const text = (name: string): string | undefined => {
    const value = object[name]
    return typeof value === 'string' ? value : undefined
  }
  return { id: text('id'), time: text('time'), kind: text('kind'), exchange: text('exchange') }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
