/** What the writers of built-in values need of the one that writes all. */
export interface ValueWriter {
  /** The JSON text of any value; '' for what JSON leaves out. */
  value(value: unknown, key: string, masked: boolean): string
  /** The JSON text of a text, without the secrets in it. */
  text(text: string, key: string, masked: boolean): string
  /** The same, for a text that is redacted already. */
  redacted(text: string, key: string, masked: boolean): string
  /** The text of an error's message, without the secrets in it. */
  message(text: string): string
  /** The text of a URL, without the secrets in it. */
  url(url: string): string
  /** The JSON text of a value that stands under a key, redacted by that key; '' for what JSON leaves out. */
  named(key: string, value: unknown, masked: boolean): string
  /** The same with its key before it, as a member of an object. */
  member(key: string, value: unknown, masked: boolean): string
  /** A list or, with braces, an object from items that are written one by one, as far as there is room. */
  each<Item>(braces: '[]' | '{}', items: Iterable<Item>, count: number, write: (item: Item) => string): string
}

type Write = (value: object, writer: ValueWriter, key: string, masked: boolean) => string

const tagOf = Object.prototype.toString
const mapEntries = Map.prototype.entries
const mapKeys = Map.prototype.keys
const mapSize = getterOf(Map.prototype, 'size')
const setValues = Set.prototype.values
const setSize = getterOf(Set.prototype, 'size')
const byteLengthOf = (value: object): string => `"[${Number((value as ArrayBufferView).byteLength)} bytes]"`

// Found by tag, so that values of another realm (`vm`, some test runners) are known as well. The methods called here
// throw on a value that only pretends.
const byTag = new Map<string, Write>([
  ['[object Date]', writeDate],
  ['[object Map]', writeMap],
  ['[object Set]', writeSet],
  ['[object Error]', writeError],
  ['[object URL]', (value, writer, key, masked) => writer.redacted(writer.url((value as URL).href), key, masked)],
  ['[object URLSearchParams]', writeSearchParams],
  ['[object RegExp]', (value, writer, key, masked) => writer.text(String(value), key, masked)],
  ['[object ArrayBuffer]', byteLengthOf],
  ['[object SharedArrayBuffer]', byteLengthOf],
  ['[object Boolean]', boxed(Boolean.prototype.valueOf)],
  ['[object Number]', boxed(Number.prototype.valueOf)],
  ['[object String]', boxed(String.prototype.valueOf)],
  ['[object BigInt]', boxed(BigInt.prototype.valueOf)],
  ['[object Symbol]', boxed(Symbol.prototype.valueOf)],
])

/**
 * The JSON text of a value whose data is not in enumerable properties; undefined for any other object.
 * Bytes are written as their number only: no rule by name sees what they hold.
 */
export function builtinText(value: object, writer: ValueWriter, key: string, masked: boolean): string | undefined {
  const write = ArrayBuffer.isView(value) ? byteLengthOf : (byTag.get(tagOf.call(value)) ?? bySubclass(value))
  if (write === undefined) return undefined
  try {
    return write(value, writer, key, masked)
  } catch {
    return value instanceof Error ? '"[throws]"' : undefined
  }
}

/** The class of an error: its constructor's name, or its own where the constructor says no more than `Error`. */
function errorType(error: Error): string {
  const { name } = error
  const className: unknown = error.constructor?.name
  if (typeof className === 'string' && className !== '' && className !== 'Error' && className !== 'Object')
    return className
  return typeof name === 'string' && name !== '' ? name : 'Error'
}

/** A subclass may have a tag of its own. */
function bySubclass(value: object): Write | undefined {
  if (value instanceof Error) return writeError
  if (value instanceof Map) return writeMap
  if (value instanceof Set) return writeSet
  return value instanceof Date ? writeDate : undefined
}

function writeDate(value: object, writer: ValueWriter, key: string, masked: boolean): string {
  const time = Date.prototype.getTime.call(value)
  return Number.isNaN(time) ? '"[invalid date]"' : writer.redacted(new Date(time).toISOString(), key, masked)
}

function writeSet(value: object, writer: ValueWriter, key: string, masked: boolean): string {
  const items = setValues.call(value)
  return writer.each('[]', items, setSize(value), (item) => writer.value(item, key, masked) || 'null')
}

function writeMap(value: object, writer: ValueWriter, key: string, masked: boolean): string {
  const size = mapSize(value)
  const entries = mapEntries.call(value)
  if (hasTextKeys(value)) {
    const members = entries as Iterable<[string, unknown]>
    return writer.each('{}', members, size, ([name, member]) => writer.member(name, member, masked))
  }
  return writer.each('[]', entries, size, ([name, member]) => {
    const text = typeof name === 'string' ? writer.named(name, member, masked) : writer.value(member, key, masked)
    return `[${writer.value(name, key, masked) || 'null'},${text || 'null'}]`
  })
}

function hasTextKeys(map: object): boolean {
  for (const key of mapKeys.call(map)) if (typeof key !== 'string') return false
  return true
}

function writeError(value: object, writer: ValueWriter, key: string, masked: boolean): string {
  const error = value as AggregateError
  const type = writer.redacted(errorType(error), key, false)
  const members = [`"type":${type}`, `"message":${writer.redacted(writer.message(String(error.message)), key, masked)}`]
  if (error.cause !== undefined) members.push(writer.member('cause', error.cause, masked))
  if (Array.isArray(error.errors)) members.push(writer.member('errors', error.errors, masked))
  return `{${members.filter((member) => member !== '').join(',')}}`
}

function writeSearchParams(value: object, writer: ValueWriter, key: string, masked: boolean): string {
  const query = URLSearchParams.prototype.toString.call(value)
  return writer.redacted(writer.url(`?${query}`).slice(1), key, masked)
}

function boxed(unbox: () => unknown): Write {
  return (value, writer, key, masked) => writer.value(unbox.call(value), key, masked)
}

function getterOf(prototype: object, name: string): (value: object) => number {
  const getter = Object.getOwnPropertyDescriptor(prototype, name)?.get
  return (value) => Number(getter?.call(value))
}
