import { decodeName, type Masks, maskAuthorities, maskEncoded } from './url-redaction.ts'

const operator = /[=:]/g
const boundOfName = /[\s"'`<>&;,?#(){}|/\\=:]/
const boundOfValue = /[\s"'`<>&;]/g
const boundOfMember = /[\s"'`<>&;,}\]]/g
const closers = /[.,:!)\]}]/
const scheme = /\b(bearer|basic)([ \t]+)([\w.~+/=-]+)/gi

/** Masks what follows `Bearer` or `Basic`. */
export function maskSchemes(text: string, censor: (value: string, name: string) => string): string {
  return text.replace(scheme, (_, name: string, space: string, token: string) => name + space + censor(token, name))
}

/** Masks the credentials and parameters of each URL, absolute or relative, that stands somewhere in a text. */
export function maskUrlsWithin(text: string, masks: Masks): string {
  return maskAssignments(text, { ...masks, hidesAssignment: never })
}

/**
 * The same, and each `name=value`, `name: 'value'` and `"name":value` of running text. A value ends at white space, a
 * quote, `&`, `;`, `<` or `>`; closing punctuation after it stays. Quoted values end with their quote.
 */
export function maskAssignments(text: string, masks: Masks): string {
  const open = maskAuthorities(text, masks)
  const plain = open.includes('%') ? maskEncoded(open, masks) : open
  let out = ''
  let done = 0
  let floor = 0
  operator.lastIndex = 0
  for (let found = operator.exec(plain); found !== null; found = operator.exec(plain)) {
    const name = nameBefore(plain, floor, found.index)
    floor = found.index + 1
    // Values are looked for after secret names only: else a long row of `a=a=a=` would be read again and again.
    if (name === undefined || !hides(name, found[0], masks)) continue
    const value = found[0] === '=' ? assignedSpan(plain, floor) : memberSpan(plain, floor, name.quoted)
    if (value === undefined) continue
    const secret = plain.slice(value.start, value.end)
    out += plain.slice(done, value.start)
    out += name.inQuery ? masks.censorInUrl(secret, name.text) : masks.censor(secret, name.text)
    done = value.end
    floor = done
    operator.lastIndex = done
  }
  return out + plain.slice(done)
}

function never(): boolean {
  return false
}

interface Name {
  readonly text: string
  readonly quoted: boolean
  readonly inQuery: boolean
}

/** The name that ends before `end`, white space and a quote apart; never looks further back than `floor`. */
function nameBefore(text: string, floor: number, end: number): Name | undefined {
  let last = end
  while (last > floor && isBlank(text[last - 1])) last--
  const quoted = last > floor && isQuote(text[last - 1])
  if (quoted) last--
  if (quoted && text[last - 1] === '\\') last--
  let first = last
  while (first > floor && !boundOfName.test(text[first - 1] as string)) first--
  if (first === last) return undefined
  const before = text[first - 1]
  return {
    text: decodeName(text.slice(first, last)),
    quoted,
    inQuery: before === '?' || before === '&' || before === '#' || before === ';',
  }
}

interface Span {
  readonly start: number
  readonly end: number
}

function hides(name: Name, operator: string, masks: Masks): boolean {
  return name.inQuery && operator === '=' ? masks.hidesParameter(name.text) : masks.hidesAssignment(name.text)
}

/** What follows `=`, `==` or `=>`. */
function assignedSpan(text: string, from: number): Span | undefined {
  let start = from
  while (isBlank(text[start]) || text[start] === '=' || text[start] === '>') start++
  return enclosedSpan(text, start) ?? openSpan(text, start, boundOfValue)
}

/** What follows `:`; anything after a quoted name, after another only what is enclosed, as prose has colons too. */
function memberSpan(text: string, from: number, quotedName: boolean): Span | undefined {
  let start = from
  while (isBlank(text[start])) start++
  return enclosedSpan(text, start) ?? (quotedName ? openSpan(text, start, boundOfMember) : undefined)
}

function openSpan(text: string, start: number, bound: RegExp): Span | undefined {
  bound.lastIndex = start
  let end = bound.exec(text)?.index ?? text.length
  while (end > start && closers.test(text[end - 1] as string)) end--
  return end > start ? { start, end } : undefined
}

function enclosedSpan(text: string, start: number): Span | undefined {
  const first = text[start]
  if (first === '[' || first === '{') return bracketSpan(text, start)
  if (isQuote(first)) return quotedSpan(text, start + 1, false)
  return first === '\\' && isQuote(text[start + 1]) ? quotedSpan(text, start + 2, true) : undefined
}

/** A list or an object up to its closing bracket, or all the rest where there is none. */
function bracketSpan(text: string, start: number): Span {
  let depth = 0
  for (let end = start; end < text.length; end++) {
    const character = text[end]
    if (character === '[' || character === '{') depth++
    else if (character === ']' || character === '}') depth--
    if (depth === 0) return { start, end: end + 1 }
  }
  return { start, end: text.length }
}

/** What stands up to the closing quote, or all the rest where there is none. */
function quotedSpan(text: string, start: number, escaped: boolean): Span {
  const closing = text.slice(escaped ? start - 2 : start - 1, start)
  let end = start
  while (end < text.length && !text.startsWith(closing, end)) end += text[end] === '\\' && !escaped ? 2 : 1
  return { start, end: Math.min(end, text.length) }
}

function isQuote(character: string | undefined): boolean {
  return character === '"' || character === "'"
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}
