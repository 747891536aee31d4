import { isUtf8 } from 'node:buffer'

/** The largest line, in bytes without its newline: the limit of an entry of a C2SP log. */
export const maxLineBytes = 65_535

/** What the beginning of a line says of its record; what it does not have is undefined. */
export interface LineHead {
  readonly id: string | undefined
  readonly time: string | undefined
  readonly kind: string | undefined
  readonly exchange: string | undefined
}

const whole = /^\{"id":".*,"nonce":"[\w-]{21}[AQgw]"\}$/s
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
