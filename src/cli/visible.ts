// C0, DEL and C1 steer a terminal; U+2028/9 break lines; bidirectional controls let a text read as another; a lone surrogate has no bytes.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const unseen = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu

/** The text with `\uXXXX` in place of each character that would do something rather than show; one line. */
export function visible(text: string): string {
  return text.replace(unseen, escaped)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
