import { nearest } from '../lib/nearest.ts'

/** What a parser makes of a value: the value to use, or every fault it has, each as `<setting>: what is wrong, what was expected`. */
export type Parsed<Value> = { readonly value: Value } | { readonly faults: readonly string[] }

/** Reads a value that anybody may have given; `at` names it in faults. It may throw where the value throws. */
export type Parser<Value> = (given: unknown, at: string) => Parsed<Value>

/** A value that was given, and the name it goes by: a setting, or an environment variable. */
export interface Given {
  readonly at: string
  readonly value: unknown
}

/** A member of an object: how it is read, and what it is when it was not given. Without a fallback it must be given. */
export interface Field<Value> {
  readonly parse: Parser<Value>
  readonly fallback?: { readonly value: Value }
}

/** A member that may be left out. */
export function optional<Value>(parse: Parser<Value>): Field<Value | undefined> {
  return { parse, fallback: { value: undefined } }
}

export type Fields<Value> = { readonly [Name in keyof Value]: Field<Value[Name]> }

/** More items than any list of settings needs; a sparse array of billions would take for ever. */
const LONGEST_LIST = 10_000

/** An object of the given fields; other keys are faults. */
export function object<Value extends object>(fields: Fields<Value>): Parser<Value> {
  return (given, at) => {
    if (!isPlainObject(given)) return wrong(given, at, `an object with ${namesOf(fields).join(', ')}`)
    const read = readMembers(given, namesOf(fields), `${at}.`)
    const parsed = parseFields(fields, read.members, `${at}.`)
    const faults = [...read.faults, ...parsed.faults]
    return faults.length > 0 ? { faults } : { value: Object.freeze(parsed.values as Value) }
  }
}

/** A list of what `item` reads, frozen. */
export function list<Value>(item: Parser<Value>, expected: string): Parser<readonly Value[]> {
  return (given, at) => {
    if (!Array.isArray(given)) return wrong(given, at, expected)
    if (given.length > LONGEST_LIST) return { faults: [`${at}: has ${given.length} items, expected at most 10,000`] }
    const values: Value[] = []
    const faults: string[] = []
    for (let i = 0; i < given.length; i++) {
      const parsed = guarded(item, given[i], `${at}[${i}]`)
      if ('value' in parsed) values.push(parsed.value)
      else faults.push(...parsed.faults)
    }
    return faults.length > 0 ? { faults } : { value: Object.freeze(values) }
  }
}

/** Reads own members once each; what is `undefined` was not given, a key that is not known is a fault. */
export function readMembers(
  from: object,
  known: readonly string[],
  prefix: string,
): { readonly members: ReadonlyMap<string, Given>; readonly faults: readonly string[] } {
  const members = new Map<string, Given>()
  const faults: string[] = []
  for (const name of Object.keys(from)) {
    const at = `${prefix}${known.includes(name) ? name : harmless(name)}`
    try {
      const value: unknown = Reflect.get(from, name)
      if (value === undefined) continue
      if (known.includes(name)) members.set(name, { at, value })
      else faults.push(`${at}: ${unknownName(name, known)}`)
    } catch {
      faults.push(`${at}: could not be read, expected a plain value`)
    }
  }
  return { members, faults }
}

/** Every field of an object from what was given for it; what has a fault is missing, and all faults are collected. */
export function parseFields<Value extends object>(
  fields: Fields<Value>,
  members: ReadonlyMap<string, Given>,
  prefix: string,
): { readonly values: Partial<Value>; readonly faults: readonly string[] } {
  const values: Partial<Value> = {}
  const faults: string[] = []
  for (const name of namesOf(fields)) {
    const parsed = parseField(fields[name], members.get(name), `${prefix}${name}`)
    if ('value' in parsed) values[name] = parsed.value
    else faults.push(...parsed.faults)
  }
  return { values, faults }
}

function parseField<Value>(field: Field<Value>, given: Given | undefined, at: string): Parsed<Value> {
  if (given === undefined && field.fallback !== undefined) return field.fallback
  return guarded(field.parse, given?.value, given?.at ?? at)
}

function guarded<Value>(parse: Parser<Value>, given: unknown, at: string): Parsed<Value> {
  try {
    return parse(given, at)
  } catch {
    return { faults: [`${at}: could not be read, expected a plain value`] }
  }
}

/** The fault of a value that is of the wrong kind: says its kind, never its contents. */
export function wrong(given: unknown, at: string, expected: string): { readonly faults: readonly string[] } {
  return { faults: [`${at}: got ${kindOf(given)}, expected ${expected}`] }
}

/** Faults that begin with the place of an item, `[0] is not …`, as faults of the setting, with what was expected of each. */
export function placed(faults: readonly string[], at: string, expected: string): readonly string[] {
  return faults.map((fault) => {
    const place = /^\[\d+\]/.exec(fault)?.[0] ?? ''
    return `${at}${place}: ${fault.slice(place.length).trimStart()}, expected ${expected}`
  })
}

export function namesOf<Value extends object>(fields: Value): readonly (keyof Value & string)[] {
  return Object.keys(fields) as (keyof Value & string)[]
}

/** Whether a value is an object literal, of any realm, or without a prototype; instances of classes are not. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** A text that is fit to be shown in a fault; anything longer or stranger may be a secret and is only counted. */
export function harmless(text: string): string {
  return /^[\w.,:/ -]{1,40}$/.test(text) ? text : `(a text of ${text.length} characters)`
}

/** What kind of value was given, without its contents; numbers, true and false are shown, as they say nothing of anybody. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  switch (typeof value) {
    case 'boolean':
      return String(value)
    case 'number':
      return `the number ${value}`
    case 'string':
      return value === '' ? 'an empty text' : 'a text'
    case 'object':
      return isPlainObject(value) ? 'an object' : 'an instance of a class'
    default:
      return `a ${typeof value}`
  }
}

function unknownName(name: string, known: readonly string[]): string {
  const meant = nearest(name, known)
  return meant === undefined
    ? `is not a setting, expected one of ${known.join(', ')}`
    : `is not a setting, did you mean ${meant}?`
}
