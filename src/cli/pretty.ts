import type { Output } from './io.ts'
import { visible } from './visible.ts'

const token = /"(?:[^"\\]|\\.)*"|\{\s*\}|\[\s*\]|[{}[\],:]|[^\s{}[\],:"]+/gs
/** Deeper values are indented no further: a line of brackets alone would else become gigabytes. */
const maxDepth = 40

/**
 * A line of JSON, broken and indented for a person. Its texts and numbers are those of the line, not ones that were read and written
 * again. What is not JSON comes out in some form, and never throws.
 */
export function pretty(line: Uint8Array, { paint }: Pick<Output, 'paint'>): string {
  let depth = 0
  const newLine = (): string => `\n${'  '.repeat(Math.max(0, Math.min(depth, maxDepth)))}`
  const laidOut = (part: string, isName: boolean): string => {
    switch (part) {
      case '{':
      case '[':
        depth++
        return part + newLine()
      case '}':
      case ']':
        depth--
        return newLine() + part
      case ',':
        return part + newLine()
      case ':':
        return ': '
      default:
        return isName ? paint('cyan', visible(part)) : visible(part)
    }
  }
  const tokens = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString().match(token) ?? []
  return tokens.map((part, index) => laidOut(part, tokens[index + 1] === ':')).join('')
}
