/** Longer elements are none that a proxy writes; the bound keeps hostile headers cheap. */
const LONGEST_ELEMENT = 1024
const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c

/** A pair of RFC 7239, 4, with the white space around it that proxies are seen to write. */
const pair = /[ \t]*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s";,]*))[ \t]*(?:;|$)/y

/**
 * The elements of a comma-separated header, the last one first, trimmed. Read from the right, so that nothing a client sent can
 * change how its proxies' own elements are read (an open quote to the left, say). Too long an element is given as ''.
 */
export function* elementsFromRight(header: string, hasQuotes: boolean): Generator<string, void, undefined> {
  let end = header.length
  while (end >= 0) {
    const start = hasQuotes ? startOfQuoted(header, end) : header.lastIndexOf(',', end - 1) + 1
    const from = end === 0 ? 0 : start
    yield end - from > LONGEST_ELEMENT ? '' : header.slice(from, end).trim()
    end = from - 1
  }
}

/** The value of one parameter in an element of `Forwarded`; undefined where it is absent, doubled, or the element is malformed. */
export function parameterOf(element: string, name: 'for' | 'proto' | 'host'): string | undefined {
  let value: string | undefined
  pair.lastIndex = 0
  while (pair.lastIndex < element.length) {
    const match = pair.exec(element)
    if (match === null) return undefined
    if (match[1]?.toLowerCase() !== name) continue
    if (value !== undefined) return undefined
    value = match[2]?.replace(/\\(.)/g, '$1') ?? match[3]
  }
  return value
}

/** Where the element that ends before `end` begins: after the nearest comma that is not within quotes. */
function startOfQuoted(header: string, end: number): number {
  let isQuoted = false
  for (let at = end - 1; at >= 0; at -= 1) {
    const code = header.charCodeAt(at)
    if (code === QUOTE && !(isQuoted && isEscaped(header, at))) isQuoted = !isQuoted
    else if (code === COMMA && !isQuoted) return at + 1
  }
  return 0
}

function isEscaped(header: string, quote: number): boolean {
  let first = quote
  while (first > 0 && header.charCodeAt(first - 1) === BACKSLASH) first -= 1
  return (quote - first) % 2 === 1
}
