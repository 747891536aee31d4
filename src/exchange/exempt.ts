import { BoundedMap } from '../lib/bounded-map.ts'
import { reasonOf } from '../lib/errors.ts'

const LONGEST_PATH = 8192
const REMEMBERED_TARGETS = 1000
const LONGEST_REMEMBERED = 512

/** Scheme and authority of an absolute-form target. */
const origin = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\\]*/i
/**
 * What servers read differently: backslashes, path parameters and fragments, raw or encoded; encoded slashes, question
 * marks, control characters; and an encoded percent sign, which a second decoding would turn into anything.
 */
const ambiguous = /[\\;#]|%(?:2f|5c|3b|23|3f|25|[01][0-9a-f]|7f)/i
const needsNormalising = /%|\/\/|\/\.\.?(?:\/|$)/
/** A group of another pattern would be counted with those of its neighbours. */
const refersToGroups = /\\[1-9k]|\(\?</

/**
 * Says of a request's target whether its path is exempt: one and the same pattern is found in the path as sent (without
 * its query, leading slash included) and in each of its normalised forms (decoded once, dot segments removed, slashes
 * merged; in any order, as servers differ). Patterns are searched, so anchor them. Never exempt: a path that servers
 * could read differently, one that cannot be decoded or is longer than 8 KiB, `*`, and a CONNECT's authority.
 */
export function createExemption(patterns: readonly RegExp[]): (target: string) => boolean {
  if (patterns.length === 0) return () => false
  const searched = patterns.map(withoutState)
  const mayMatch = joined(searched)
  const decisions = new BoundedMap<string, boolean>(REMEMBERED_TARGETS)
  const judge = (path: string | null): boolean => {
    if (path === null || path.length > LONGEST_PATH || ambiguous.test(path) || !mayMatch(path)) return false
    if (!needsNormalising.test(path)) return true
    const forms = normalForms(path)
    return forms !== null && searched.some((pattern) => pattern.test(path) && forms.every((form) => pattern.test(form)))
  }
  return (target) => {
    const query = target.indexOf('?')
    // A short key out of a long target would keep the whole of it in memory.
    if (target.length > LONGEST_REMEMBERED) return judge(pathOf(target, query))
    const key = query < 0 ? target : target.slice(0, query)
    const known = decisions.get(key)
    if (known !== undefined) return known
    const decision = judge(pathOf(target, query))
    decisions.set(key, decision)
    return decision
  }
}

/** Reads a list of patterns, each a RegExp or its source as text; or names every fault with its place. */
export function compilePatterns(
  list: unknown,
): { readonly patterns: readonly RegExp[] } | { readonly faults: readonly string[] } {
  if (!Array.isArray(list)) return { faults: ['is not a list'] }
  const compiled = Array.from(list, (entry: unknown, index) => {
    const pattern = compile(entry)
    return typeof pattern === 'string' ? `[${index}] ${pattern}` : pattern
  })
  const faults = compiled.filter((pattern) => typeof pattern === 'string')
  return faults.length > 0 ? { faults } : { patterns: compiled.filter((pattern) => typeof pattern !== 'string') }
}

function compile(entry: unknown): RegExp | string {
  if (entry instanceof RegExp) return entry
  if (typeof entry !== 'string') return 'is neither a RegExp nor text'
  if (entry === '') return 'is empty and would match everything'
  try {
    return new RegExp(entry)
  } catch (error) {
    return `is not a regular expression of JavaScript: ${reasonOf(error)}`
  }
}

/** A copy without the flags g and y, which make a RegExp remember where it was, and d, which costs and changes nothing. */
function withoutState(pattern: RegExp): RegExp {
  return new RegExp(pattern.source, pattern.flags.replace(/[dgy]/g, ''))
}

/** Whether any of the patterns is found: as one RegExp where that means the same, since it is several times faster. */
function joined(patterns: readonly RegExp[]): (path: string) => boolean {
  const [first, ...others] = patterns
  const isSafe = patterns.every(({ source, flags }) => flags === first?.flags && !refersToGroups.test(source))
  if (first === undefined || !isSafe) return (path) => patterns.some((pattern) => pattern.test(path))
  const one =
    others.length === 0 ? first : new RegExp(patterns.map(({ source }) => `(?:${source})`).join('|'), first.flags)
  return (path) => one.test(path)
}

/** The path as sent, or null where the target has none. */
function pathOf(target: string, query: number): string | null {
  const path = query < 0 ? target : target.slice(0, query)
  if (path.startsWith('/')) return path
  const before = origin.exec(path)
  if (before === null) return null
  const rest = path.slice(before[0].length)
  if (rest === '') return '/'
  return rest.startsWith('/') ? rest : null
}

/** The forms that a server may come to: slashes merged before the dot segments go, after, or never. Null where it cannot be decoded. */
function normalForms(path: string): readonly string[] | null {
  try {
    const decoded = decodeURIComponent(path)
    const withoutDots = withoutDotSegments(decoded)
    return [withoutDotSegments(mergeSlashes(decoded)), withoutDots, mergeSlashes(withoutDots)]
  } catch {
    return null
  }
}

function mergeSlashes(path: string): string {
  return path.replace(/\/{2,}/g, '/')
}

/** RFC 3986, 5.2.4. */
function withoutDotSegments(path: string): string {
  const kept: string[] = []
  const segments = path.split('/').slice(1)
  for (const segment of segments) {
    if (segment === '..') kept.pop()
    else if (segment !== '.') kept.push(segment)
  }
  const last = segments.at(-1)
  if (last === '.' || last === '..') kept.push('')
  return `/${kept.join('/')}`
}
