import { quote, sliceUtf8, utf8Length } from '../lib/text.ts'
import { builtinText, type ValueWriter } from './builtin-values.ts'
import { mayHoldSecrets, type Redactor } from './redaction.ts'

/** How deep objects and lists may be nested; beyond, `[too deep]` is written. */
const MAX_DEPTH = 64
/** What may be spent on one value, in characters of text: sixteen times the largest record. */
const MAX_WORK = 1 << 20
/** What each value costs beside its text, so that empty ones are not free. */
const WORK_PER_VALUE = 16

const THROWS = '[throws]'
const thrown: unique symbol = Symbol(THROWS)

/**
 * The JSON text of any JavaScript value, redacted by key while it is written; `docs/record.md` lists how each kind of
 * value is written. Never throws, never changes the value and keeps no reference to it. `undefined` gives `null`.
 * Depth and work are bounded: what lies beyond is left out with a mark that says how much.
 */
export function valueText(value: unknown, redactor: Redactor): string {
  return new Writer(redactor).value(value, '', redactor.strict) || 'null'
}

/** Writes one value. `masked` says that `privacy: 'strict'` keeps structure and keys only, `key` is the nearest key. */
class Writer implements ValueWriter {
  readonly #redactor: Redactor
  readonly #path: object[] = []
  #left = MAX_WORK

  constructor(redactor: Redactor) {
    this.#redactor = redactor
  }

  value(value: unknown, key: string, masked: boolean): string {
    this.#left -= WORK_PER_VALUE
    switch (typeof value) {
      case 'string':
        return this.text(value, key, masked)
      case 'object':
        return value === null ? 'null' : this.#guarded(value, key, masked)
      case 'number':
      case 'boolean':
      case 'bigint':
        return masked ? this.redacted('', key, true, value) : plainText(value)
      case 'function':
        return '"[function]"'
      case 'symbol':
        return value === thrown ? `"${THROWS}"` : '"[symbol]"'
      default:
        return ''
    }
  }

  text(text: string, key: string, masked: boolean): string {
    return this.redacted(mayHoldSecrets(text) ? this.#redactor.text(text) : text, key, masked, text)
  }

  redacted(text: string, key: string, masked: boolean, value: unknown = text): string {
    const written = masked ? this.#redactor.censor(value, key) : text
    const room = Math.max(this.#left, 0)
    this.#left -= written.length
    if (written.length <= room) return quote(written)
    const kept = sliceUtf8(written, room)
    return quote(`${kept}…[cut: ${utf8Length(written) - utf8Length(kept)} bytes]`)
  }

  message(text: string): string {
    return this.#redactor.text(text)
  }

  url(url: string): string {
    return this.#redactor.url(url)
  }

  named(key: string, value: unknown, masked: boolean): string {
    if (value === undefined) return ''
    const { isSecret, isKept } = this.#redactor.key(key)
    if (isSecret) return this.redacted('', key, true, value === thrown ? THROWS : value)
    return this.value(value, key, masked && !isKept)
  }

  member(key: string, value: unknown, masked: boolean): string {
    const written = this.named(key, value, masked)
    return written === '' ? '' : `${this.#name(key)}:${written}`
  }

  each<Item>(braces: '[]' | '{}', items: Iterable<Item>, count: number, write: (item: Item) => string): string {
    const reserve = this.#reserve()
    let body = ''
    let done = 0
    for (const item of items) {
      const isOver = this.#left <= 0
      const written = isOver ? cutMark(braces, count - done) : write(item)
      if (written !== '') body += body === '' ? written : `,${written}`
      if (isOver) break
      done++
    }
    this.#left += reserve
    return braces.charAt(0) + body + braces.charAt(1)
  }

  #name(key: string): string {
    this.#left -= key.length
    return this.#redactor.key(key).text
  }

  /** An eighth of what is left is kept from each list and object, so that a huge one leaves room for its siblings. */
  #reserve(): number {
    const reserve = Math.max(this.#left, 0) >> 3
    this.#left -= reserve
    return reserve
  }

  #guarded(value: object, key: string, masked: boolean): string {
    const path = this.#path
    const depth = path.length
    if (path.includes(value)) return '"[circular]"'
    if (depth >= MAX_DEPTH) return '"[too deep]"'
    path.push(value)
    try {
      return this.#object(value, key, masked)
    } catch {
      return `"${THROWS}"`
    } finally {
      path.length = depth
    }
  }

  #object(value: object, key: string, masked: boolean): string {
    const isList = Array.isArray(value)
    const special = isList || isPlain(value) ? undefined : builtinText(value, this, key, masked)
    if (special !== undefined) return special
    const { toJSON } = value as { toJSON?: unknown }
    if (typeof toJSON === 'function') {
      const result: unknown = toJSON.call(value, key)
      if (result !== value) return this.value(result, key, masked)
    }
    return isList ? this.#list(value, key, masked) : this.#members(value, masked)
  }

  #list(list: readonly unknown[], key: string, masked: boolean): string {
    const reserve = this.#reserve()
    const count = Math.min(Math.trunc(Number(list.length)) || 0, Number.MAX_SAFE_INTEGER) // a proxy may answer anything
    let body = ''
    for (let i = 0; i < count; i++) {
      const isOver = this.#left <= 0
      const written = isOver ? cutMark('[]', count - i) : this.value(read(list, i), key, masked) || 'null'
      body += i === 0 ? written : `,${written}`
      if (isOver) break
    }
    this.#left += reserve
    return `[${body}]`
  }

  #members(value: object, masked: boolean): string {
    const reserve = this.#reserve()
    const keys = Object.keys(value)
    let body = ''
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string
      const isOver = this.#left <= 0
      const written = isOver ? cutMark('{}', keys.length - i) : this.member(key, read(value, key), masked)
      if (written !== '') body += body === '' ? written : `,${written}`
      if (isOver) break
    }
    this.#left += reserve
    return `{${body}}`
  }
}

function read(value: object, key: string | number): unknown {
  try {
    return (value as Readonly<Record<string | number, unknown>>)[key]
  } catch {
    return thrown
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function plainText(value: number | boolean | bigint): string {
  if (typeof value === 'bigint') return `"${value}"`
  return typeof value === 'boolean' || Number.isFinite(value) ? String(value) : `"[${value}]"`
}

function cutMark(braces: '[]' | '{}', count: number): string {
  return braces === '[]' ? `"…[cut: ${count} items]"` : `"…":"[cut: ${count} items]"`
}
