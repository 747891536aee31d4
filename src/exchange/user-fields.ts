import { property } from '../lib/property.ts'
import { utf8Length } from '../lib/text.ts'

const LONGEST_TEXT = 1024
const MOST_ROLES = 100

/** A field of a user as text of at most 1,024 characters; numbers as text; undefined for '' and everything else. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : shortened(value)
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value)))
    return shortened(String(value))
  return undefined
}

/** Roles from one text, an array or a Set, each a text, a number or an object with such a `name`; at most 100, the last saying how many there were. */
export function rolesOf(value: unknown): readonly string[] {
  const single = textOf(value)
  if (single !== undefined) return [single]
  try {
    if (Array.isArray(value)) return readRoles(value, value.length)
    if (value instanceof Set) return readRoles(value, value.size)
  } catch {
    return []
  }
  return []
}

function readRoles(values: Iterable<unknown>, count: number): string[] {
  const roles: string[] = []
  let seen = 0
  for (const value of values) {
    if (count > MOST_ROLES && seen === MOST_ROLES - 1) return [...roles, `…[cut: ${count} roles]`]
    if (seen === MOST_ROLES) break
    seen += 1
    const role = textOf(value) ?? textOf(property(value, 'name'))
    if (role !== undefined) roles.push(role)
  }
  return roles
}

/** The mark counts within the limit, so that what was shortened once stays as it is. */
function shortened(text: string): string {
  if (text.length <= LONGEST_TEXT) return text
  const mark = `…[cut: ${utf8Length(text)} bytes]`
  const start = text.slice(0, LONGEST_TEXT - mark.length)
  return (endsInside(start) ? start.slice(0, -1) : start) + mark
}

/** Whether the text ends in the first half of a surrogate pair. */
function endsInside(text: string): boolean {
  return (text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800
}
