import { compilePatterns } from '../exchange/exempt.ts'
import { reasonOf } from '../lib/errors.ts'
import { list, type Parser, placed } from './parser.ts'

const expected = 'a list of patterns, each a RegExp or the source of one'
const anything: Parser<unknown> = (given) => ({ value: given })

/** A list of patterns, compiled; refuses those that can be made exponentially slow, where that can be told. */
export function patternsWith(
  slowPatterns: (patterns: readonly RegExp[]) => readonly number[],
): Parser<readonly RegExp[]> {
  return (given, at) => {
    const entries = list(anything, expected)(given, at)
    if ('faults' in entries) return entries
    const compiled = compilePatterns(entries.value)
    if ('faults' in compiled) return { faults: placed(compiled.faults, at, 'a RegExp or the source of one') }
    try {
      const slow = slowPatterns(compiled.patterns)
      if (slow.length > 0) return { faults: slow.map((index) => `${at}[${index}]: ${grows}`) }
    } catch (thrown) {
      return { faults: [`${at}: recheck is installed, but failed: ${reasonOf(thrown)}; expected version 4`] }
    }
    return { value: Object.freeze([...compiled.patterns]) }
  }
}

const grows = 'can take exponential time on a long path, expected a pattern without ambiguous repetition such as (a+)+'
