// What JSON text escapes here: beside JSON's own, DEL, the C1 controls and the line separators, so that a line is one
// line for every reader; and surrogates, which may be lone.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const needsCare = /["\\\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/
const rawInJson = /[\u007f-\u009f\u2028\u2029]/g
const lineBreaks = /\r\n|[\n\r\t]/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what is looked for
const beyondAscii = /[^\u0000-\u007f]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: latin1 is what is looked for
const beyondLatin1 = /[^\u0000-\u00ff]/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text with U+FFFD in place of each lone surrogate, so that it has a UTF-8 form. */
export function wellFormed(text: string): string {
  return text.isWellFormed() ? text : text.toWellFormed()
}

/** The JSON text of a string: valid UTF-8 on one line, without raw control characters (C0, DEL, C1), U+2028 or U+2029. */
export function quote(text: string): string {
  return needsCare.test(text) ? JSON.stringify(wellFormed(text)).replace(rawInJson, escapeUnit) : `"${text}"`
}

/** The number of bytes that `quote(text)` takes as UTF-8. */
export function quotedLength(text: string): number {
  return needsCare.test(text) ? scan(text, Number.POSITIVE_INFINITY, quotedCost).bytes + 2 : utf8Length(text) + 2
}

/** The longest start of `text` whose `quote` takes at most `maxBytes` as UTF-8; never ends inside of a character. */
export function sliceQuoted(text: string, maxBytes: number): string {
  return text.slice(0, scan(text, maxBytes - 2, quotedCost).units)
}

/** The number of bytes of the text as UTF-8; a lone surrogate counts as the U+FFFD that stands for it. */
export function utf8Length(text: string): number {
  return beyondAscii.test(text) ? scan(text, Number.POSITIVE_INFINITY, utf8Cost).bytes : text.length
}

/** The longest start of `text` that takes at most `maxBytes` as UTF-8; never ends inside of a character. */
export function sliceUtf8(text: string, maxBytes: number): string {
  return text.length * 3 <= maxBytes ? text : text.slice(0, scan(text, maxBytes, utf8Cost).units)
}

/** One line for every reader: line breaks and tabs become a space, other control characters and U+2028/9 their `\uXXXX`. */
export function oneLine(text: string): string {
  if (!needsCare.test(text)) return text
  return wellFormed(text).replace(lineBreaks, ' ').replace(control, escapeUnit)
}

/** A header's text as Node hands it over, one character a byte: read as UTF-8 where its bytes are valid UTF-8, else as it is. */
export function decodeHeader(text: string): string {
  if (!beyondAscii.test(text) || beyondLatin1.test(text)) return text
  try {
    return utf8.decode(Uint8Array.from(text, (character) => character.charCodeAt(0)))
  } catch {
    return text
  }
}

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function scan(text: string, maxBytes: number, cost: (codePoint: number) => number): { units: number; bytes: number } {
  let bytes = 0
  let units = 0
  while (units < text.length) {
    const codePoint = text.codePointAt(units) as number
    const more = cost(codePoint)
    if (bytes + more > maxBytes) break
    bytes += more
    units += codePoint > 0xffff ? 2 : 1
  }
  return { units, bytes }
}

function utf8Cost(codePoint: number): number {
  if (codePoint < 0x80) return 1
  if (codePoint < 0x800) return 2
  return codePoint > 0xffff ? 4 : 3
}

function quotedCost(codePoint: number): number {
  if (codePoint === 0x22 || codePoint === 0x5c) return 2
  if (codePoint >= 0x20 && codePoint < 0x7f) return 1
  if (codePoint < 0x20) return codePoint >= 0x08 && codePoint <= 0x0d && codePoint !== 0x0b ? 2 : 6
  if (codePoint <= 0x9f || codePoint === 0x2028 || codePoint === 0x2029) return 6
  return utf8Cost(codePoint)
}
