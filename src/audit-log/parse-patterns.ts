import { compilePatterns } from '../exchange/exempt.ts'
import { reasonOf } from '../lib/errors.ts'
import type { Parser } from './parser.ts'
import { exponentialPatterns } from './pattern-growth.ts'

/** A list of patterns, compiled; refuses those that can be made exponentially slow, where `recheck` is installed. */
export const patterns: Parser<readonly RegExp[]> = (given, at) => {
  const compiled = compilePatterns(given)
  if ('faults' in compiled) return { faults: compiled.faults.map((fault) => `${at}: ${fault}`) }
  try {
    const slow = exponentialPatterns(compiled.patterns)
    if (slow.length > 0) return { faults: slow.map((index) => `${at}[${index}]: ${grows}`) }
  } catch (thrown) {
    return { faults: [`${at}: recheck is installed, but failed: ${reasonOf(thrown)}; expected version 4`] }
  }
  return { value: Object.freeze([...compiled.patterns]) }
}

const grows = 'can take exponential time on a long path, expected a pattern without ambiguous repetition such as (a+)+'
