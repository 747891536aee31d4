import type { Json } from '../record/record.ts'

// All but printable ASCII, and the two that JSON itself escapes: what Python's `ensure_ascii` replaces.
const toEscape = /[^ !#-[\]-~]/g
const shortEscapes: { readonly [character: string]: string } = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
}

/** JSON as Python's `json.dumps` writes it by default: `", "` and `": "` between parts, all but ASCII as `\uXXXX`. */
export function pythonJson(value: Json): string {
  if (typeof value === 'string') return quoteAscii(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (isList(value)) return `[${value.map(pythonJson).join(', ')}]`
  const members = Object.entries(value).map(([key, part]) => `${quoteAscii(key)}: ${pythonJson(part)}`)
  return `{${members.join(', ')}}`
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value)
}

function quoteAscii(text: string): string {
  return `"${text.replace(toEscape, (unit) => shortEscapes[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`
}
