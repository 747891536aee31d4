import type { Output, Style } from './io.ts'
import { visible } from './visible.ts'

/** A label and its lines; without lines it is left out. */
export type Part = readonly [label: string, lines: readonly string[]]

type Word = 'passed' | 'failed' | 'consistent'

const headings: Readonly<Record<Word, readonly [string, Style]>> = {
  passed: ['PASSED', ['bold', 'green']],
  failed: ['FAILED', ['bold', 'red']],
  consistent: ['CONSISTENT, NOT AUTHENTICATED', ['bold', 'yellow']],
}
const labelWidth = 13

/** A verdict as a person reads it: the word, whose trail it is about, and what is to be said, part by part. All of it is made visible. */
export function report(verdict: Word, origin: string | null, parts: readonly Part[], paint: Output['paint']): string {
  const [heading, style] = headings[verdict]
  const first = `${paint(style, heading)}${origin === null ? '' : `  ${visible(origin)}`}\n`
  const shown = parts.filter(([, lines]) => lines.length > 0)
  return [first, ...shown.map((part) => partText(part, paint))].join('\n')
}

function partText([label, lines]: Part, paint: Output['paint']): string {
  const indent = ' '.repeat(labelWidth)
  const head = `${paint('bold', label)}${indent.slice(label.length)}`
  return lines.map((line, index) => `${index === 0 ? head : indent}${visible(line)}\n`).join('')
}
