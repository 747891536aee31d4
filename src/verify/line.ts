import { textOf } from './note.ts'

/** The limit of an entry of a C2SP log. */
export const MOST_LINE_BYTES = 65_535

const HEAD = Buffer.from('{"id":"')
const nonceForm = /,"nonce":"[\w-]{22}"\}$/

export type Json = { readonly [name: string]: unknown }

/** The object that a line is; undefined where it is no well-formed line of a trail. */
export function parseLine(line: Buffer): Json | undefined {
  if (line.length > MOST_LINE_BYTES || !beginsLine(line)) return undefined
  const text = textOf(line)
  return text !== undefined && nonceForm.test(text) ? parseObject(text) : undefined
}

/** Whether these bytes can be the beginning of a line. */
export function beginsLine(bytes: Buffer): boolean {
  const head = Math.min(bytes.length, HEAD.length)
  return bytes.compare(HEAD, 0, head, 0, head) === 0 && bytes.every((byte) => byte >= 0x20)
}

/** The JSON object that a text is; undefined where it is none. */
export function parseObject(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member that must be an object; an empty one where it is none. */
export function objectIn(object: Json, name: string): Json {
  const value = object[name]
  return isObject(value) ? value : {}
}

/** A text of at most 255 characters; null where it is none. */
export function textIn(object: Json, name: string): string | null {
  const value = object[name]
  return typeof value === 'string' ? value.slice(0, 255) : null
}

/** A number of things; 0 where it is none. */
export function countIn(object: Json, name: string): number {
  const value = object[name]
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0
}
