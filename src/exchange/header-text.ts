import { BoundedMap } from '../lib/bounded-map.ts'
import { decodeHeader, quote } from '../lib/text.ts'
import type { Redactor } from '../record/redaction.ts'
import type { ResponseHead } from './facts.ts'

/** Longer heads and lines are rare and would fill the caches with what never comes again. */
const LONGEST_CACHED_HEAD = 2_048
const LONGEST_CACHED_LINE = 256
const RECENT_HEADS = 128

interface HeaderLine {
  readonly name: string
  /** The redacted value as JSON text. */
  readonly value: string
  /** `"name":value`, as most lines need it. */
  readonly member: string
}

/** Turns heads of responses into JSON text. Heads and lines repeat from one response to the next, so their texts are kept. */
export interface HeaderText {
  /** From the head of an HTTP/1 response as it was written: status line and header lines, each ended by CRLF. */
  fromHead(head: string): ResponseHead
  /** The headers' JSON text from an object of them; names that begin with `:` belong to HTTP/2 and are left out. */
  fromObject(headers: Readonly<Record<string, unknown>>): string
}

export function createHeaderText(redactor: Redactor): HeaderText {
  const recent: { readonly head: string; readonly read: ResponseHead }[] = []
  const lines = new BoundedMap<string, HeaderLine>(1_024)

  const headerLine = (text: string): HeaderLine => {
    const known = lines.get(text)
    if (known !== undefined) return known
    const line = readLine(text, redactor)
    if (text.length <= LONGEST_CACHED_LINE) lines.set(text, line)
    return line
  }

  return {
    fromHead(head) {
      // By length, as a comparison costs less than the hash that a map would need of every new text.
      const place = head.length % RECENT_HEADS
      const known = recent[place]
      if (known?.head === head) return known.read
      const read = readHead(head, headerLine)
      if (head.length <= LONGEST_CACHED_HEAD) recent[place] = { head, read }
      return read
    },
    fromObject(headers) {
      const all: HeaderLine[] = []
      for (const name of Object.keys(headers)) {
        if (name.startsWith(':')) continue
        const value = headers[name]
        for (const one of Array.isArray(value) ? value : [value]) all.push(headerLine(`${name}: ${String(one)}`))
      }
      return joinLines(all)
    },
  }
}

function readHead(head: string, headerLine: (text: string) => HeaderLine): ResponseHead {
  const [statusLine = '', ...rest] = head.split('\r\n')
  const firstSpace = statusLine.indexOf(' ')
  const secondSpace = statusLine.indexOf(' ', firstSpace + 1)
  const status = Number.parseInt(statusLine.slice(firstSpace + 1), 10)
  return {
    status: Number.isNaN(status) ? null : status,
    reason: secondSpace === -1 ? '' : decodeHeader(statusLine.slice(secondSpace + 1)),
    headers: joinLines(rest.filter((line) => line !== '').map(headerLine)),
  }
}

function readLine(text: string, redactor: Redactor): HeaderLine {
  const colon = text.indexOf(':')
  const name = text.slice(0, colon).toLowerCase()
  const value = quote(redactor.header(name, decodeHeader(text.slice(colon + 1).trim())))
  return { name, value, member: `${quote(name)}:${value}` }
}

/** A header that was sent several times becomes an array, at its first place. */
function joinLines(lines: readonly HeaderLine[]): string {
  const names = new Set<string>()
  for (const line of lines) names.add(line.name)
  if (names.size === lines.length) return `{${lines.map((line) => line.member).join(',')}}`
  const members: string[] = []
  for (const name of names) {
    const values = lines.filter((line) => line.name === name).map((line) => line.value)
    members.push(`${quote(name)}:${values.length === 1 ? values[0] : `[${values.join(',')}]`}`)
  }
  return `{${members.join(',')}}`
}
