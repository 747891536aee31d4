import { nearest } from '../lib/nearest.ts'
import { harmless, type Parser, wrong } from './parser.ts'

export const boolean: Parser<boolean> = (given, at) =>
  typeof given === 'boolean' ? { value: given } : wrong(given, at, 'true or false')

/** A text that matches a pattern, which `expected` says in words. Its contents are not shown. */
export function text(pattern: RegExp, expected: string): Parser<string> {
  return (given, at) => {
    if (typeof given !== 'string') return wrong(given, at, expected)
    return pattern.test(given) ? { value: given } : wrong(given, at, expected)
  }
}

export function wholeNumber(least: number, most: number, unit: string): Parser<number> {
  const expected = `a whole number of ${unit} from ${least} to ${most}`
  return (given, at) =>
    typeof given === 'number' && Number.isInteger(given) && given >= least && given <= most
      ? { value: given }
      : wrong(given, at, expected)
}

/** A longer timer fires at once in Node. */
const LONGEST_TIMEOUT_MS = 2_147_483_647

export function milliseconds(least: number): Parser<number> {
  return wholeNumber(least, LONGEST_TIMEOUT_MS, 'milliseconds')
}

/** One of a few texts. */
export function choice<const Value extends string>(...allowed: readonly Value[]): Parser<Value> {
  return (given, at) => {
    const value = allowed.find((each) => each === given)
    return value === undefined ? notAmong(given, at, allowed, quoted(allowed)) : { value }
  }
}

/** The fault of a text that is none of those allowed, with what was meant where that is clear. */
export function notAmong(
  given: unknown,
  at: string,
  allowed: readonly string[],
  expected: string,
): { readonly faults: readonly string[] } {
  if (typeof given !== 'string') return wrong(given, at, expected)
  const meant = nearest(given, allowed)
  const suggestion = meant === undefined ? '' : `; did you mean ${meant}?`
  return { faults: [`${at}: got ${harmless(given)}, expected ${expected}${suggestion}`] }
}

function quoted(texts: readonly string[]): string {
  return texts.map((each) => `'${each}'`).join(' or ')
}
