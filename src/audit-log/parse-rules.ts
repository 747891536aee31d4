import { boolean, choice, text } from './parse-values.ts'
import { list, object, optional, type Parser, wrong } from './parser.ts'
import { lateConditions, type ResolvedRule, type RuleUser } from './policy.ts'
import type { Guarantee } from './settings.ts'

const name = text(/^.{1,1024}$/s, 'a text of 1 to 1,024 characters')
const method = text(/^[!#$%&'*+.^`|~\w-]{1,32}$/, 'a method, such as GET')

const user = object<RuleUser>({
  authenticated: optional(boolean),
  id: optional(name),
  email: optional(name),
  provider: optional(name),
  realm: optional(name),
  role: optional(name),
})

/** Ordered rules; one that sets a guarantee must be decided before the handler runs, so by method and path alone. */
export function rulesWith(
  patterns: Parser<readonly RegExp[]>,
  guarantee: Parser<Guarantee>,
): Parser<readonly ResolvedRule[]> {
  const rule = object<ResolvedRule>({
    method: optional(oneOrMore(method, 'a method, or a list of methods', (value) => value.toUpperCase())),
    path: optional(oneOf(patterns)),
    route: optional(name),
    status: optional(oneOrMore(status, "a status, a class of them such as '4xx', or a list of these")),
    user: optional(user),
    keep: { parse: choice('none', 'metadata', 'full') },
    guarantee: optional(guarantee),
    onFailure: optional(choice('open', 'closed')),
  })
  return list((given, at) => {
    const parsed = rule(given, at)
    if ('faults' in parsed) return parsed
    const { value } = parsed
    const late = lateConditions(value)
    if (late.length === 0 || (value.guarantee === undefined && value.onFailure === undefined)) return parsed
    const set = value.guarantee === undefined ? 'onFailure' : 'guarantee'
    return {
      faults: [`${at}: sets ${set} by ${late.join(', ')}, which is known too late, expected only method and path`],
    }
  }, 'a list of rules')
}

function oneOrMore(
  item: Parser<string>,
  expected: string,
  map: (value: string) => string = (value) => value,
): Parser<readonly string[]> {
  const many = list(item, expected)
  return (given, at) => {
    const parsed = many(Array.isArray(given) ? given : [given], at)
    return 'faults' in parsed ? parsed : { value: parsed.value.map(map) }
  }
}

function oneOf(patterns: Parser<readonly RegExp[]>): Parser<RegExp> {
  return (given, at) => {
    const parsed = patterns([given], at)
    if ('faults' in parsed) return { faults: parsed.faults.map((fault) => fault.replace(`${at}[0]`, at)) }
    const [compiled] = parsed.value
    return compiled === undefined ? wrong(given, at, 'a RegExp or the source of one') : { value: compiled }
  }
}

function status(given: unknown, at: string): ReturnType<Parser<string>> {
  const value = typeof given === 'number' ? String(given) : given
  if (typeof value === 'string' && /^[1-5](?:\d\d|xx)$/.test(value)) return { value }
  return wrong(given, at, "a status from 100 to 599, or a class of them such as '4xx'")
}
