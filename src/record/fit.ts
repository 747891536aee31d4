import { quote, quotedLength, sliceQuoted, utf8Length } from '../lib/text.ts'
import type { Json } from './record.ts'

/** The least room that a value is cut down to: its mark fits in. Values that find no such room are left out. */
const FLOOR = 36
const MARK_KEY = '…'
const markKeyLength = quotedLength(MARK_KEY)

type Sizes = Map<object, number>

/**
 * Cuts a JSON value so that its JSON text takes at most `maxBytes` of UTF-8 (64 or more). The largest values are cut
 * first, small ones beside them stay whole. A text keeps its start and ends in `…[cut: N bytes]`, N being the bytes of
 * the value that are gone; a list keeps its first items and ends in such a mark; an object keeps the members for which
 * there is room and has a member `…` in place of the others.
 */
export function cutToFit(value: Json, maxBytes: number): Json {
  const sizes: Sizes = new Map()
  sizeOf(value, sizes)
  return cut(value, Math.max(maxBytes, FLOOR), sizes)
}

/** The JSON text of a JSON value, its texts escaped as `quote` does. */
export function jsonText(value: Json): string {
  if (typeof value === 'string') return quote(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (isList(value)) return `[${value.map(jsonText).join(',')}]`
  return `{${Object.entries(value)
    .map(([key, member]) => `${quote(key)}:${jsonText(member)}`)
    .join(',')}}`
}

function cut(value: Json, max: number, sizes: Sizes): Json {
  if (sizeOf(value, sizes) <= max) return value
  if (typeof value === 'string') return cutText(value, max)
  // A number takes 25 bytes at most: what is left here is a list or an object.
  if (typeof value !== 'object' || value === null) return value
  return isList(value) ? cutList(value, max, sizes) : cutObject(value, max, sizes)
}

function cutText(text: string, max: number): string {
  const total = utf8Length(text)
  const kept = sliceQuoted(text, max - utf8Length(`…${bytesCut(total)}`))
  return `${kept}…${bytesCut(total - utf8Length(kept))}`.toWellFormed()
}

function cutList(list: readonly Json[], max: number, sizes: Sizes): Json {
  const last = list.at(-1)
  const hasTail = typeof last === 'string' && last.length < FLOOR && last.startsWith('…[cut: ')
  const parts = (hasTail ? list.slice(0, -1) : list).map((value) => ({
    value,
    size: sizeOf(value, sizes),
    overhead: 1,
  }))
  const room = max - 1 - (hasTail ? sizeOf(last, sizes) + 1 : 0)
  const chosen = choose(parts, room, quotedLength(`…${bytesCut(sizeOf(list, sizes))}`) + 1, false)
  const kept = share(chosen, sizes)
  if (chosen.lostBytes > 0) kept.push(`…${bytesCut(chosen.lostBytes)}`)
  if (hasTail) kept.push(last)
  return kept
}

function cutObject(object: { readonly [key: string]: Json }, max: number, sizes: Sizes): Json {
  const parts = Object.entries(object).map(([key, value]) => ({
    key,
    value,
    size: sizeOf(value, sizes),
    overhead: quotedLength(key) + 2,
  }))
  const markRoom = markKeyLength + 2 + quotedLength(bytesCut(sizeOf(object, sizes)))
  const chosen = choose(parts, max - 1, markRoom, true)
  const values = share(chosen, sizes)
  const members = chosen.parts.map(({ key }, i): [string, Json] => [key, values[i] as Json])
  if (chosen.lostBytes > 0) members.push([MARK_KEY, bytesCut(chosen.lostBytes)])
  // Not by assignment: a member may be called `__proto__`.
  return Object.fromEntries(members)
}

interface Part {
  readonly value: Json
  readonly size: number
  /** Bytes beside the value: its comma, its key. */
  readonly overhead: number
}

interface Choice<P extends Part> {
  readonly parts: readonly P[]
  /** Bytes for the values of these parts together. */
  readonly room: number
  readonly lostBytes: number
}

/** The parts for which there is room, each with its floor; where some are lost, with room for a mark. */
function choose<P extends Part>(parts: readonly P[], room: number, markRoom: number, maySkip: boolean): Choice<P> {
  const least = (part: P): number => part.overhead + Math.min(part.size, FLOOR)
  const needed = parts.reduce((sum, part) => sum + least(part), 0)
  let left = needed <= room ? room : room - markRoom
  let used = 0
  let lostBytes = 0
  const chosen: P[] = []
  for (const part of parts) {
    const fits = used + least(part) <= left && (maySkip || lostBytes === 0)
    if (fits) {
      used += least(part)
      chosen.push(part)
    } else lostBytes += part.size + part.overhead
  }
  for (const part of chosen) left -= part.overhead
  return { parts: chosen, room: left, lostBytes }
}

/** Small values stay whole; the others are cut to one level, as water finds it. */
function share({ parts, room }: Choice<Part>, sizes: Sizes): Json[] {
  const ascending = parts.map(({ size }) => size).sort((a, b) => a - b)
  let left = room
  let level = Number.POSITIVE_INFINITY
  for (const [i, size] of ascending.entries()) {
    const fair = Math.floor(left / (ascending.length - i))
    if (size > fair) {
      level = fair
      break
    }
    left -= size
  }
  return parts.map(({ value }) => cut(value, level, sizes))
}

function sizeOf(value: Json, sizes: Sizes): number {
  if (typeof value === 'string') return quotedLength(value)
  if (typeof value !== 'object' || value === null) return String(value).length
  const known = sizes.get(value)
  if (known !== undefined) return known
  let size = 2
  if (isList(value)) for (const item of value) size += sizeOf(item, sizes) + 1
  else for (const [key, member] of Object.entries(value)) size += quotedLength(key) + 2 + sizeOf(member, sizes)
  if (size > 2) size--
  sizes.set(value, size)
  return size
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

function bytesCut(count: number): string {
  return `[cut: ${count} bytes]`
}
