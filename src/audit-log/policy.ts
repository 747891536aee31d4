import type { Decision, Ended, Guarantee, Keep } from '../exchange/decision.ts'
import { createExemption } from '../exchange/exempt.ts'
import { ANONYMOUS } from '../exchange/user-text.ts'

/** A rule that was checked: every condition that it names must hold; without any it holds for all. */
export interface ResolvedRule {
  /** In upper case. */
  readonly method: readonly string[] | undefined
  readonly path: RegExp | undefined
  readonly route: string | undefined
  /** Statuses, or their classes: `4xx`. */
  readonly status: readonly string[] | undefined
  readonly user: RuleUser | undefined
  readonly keep: Keep
  readonly guarantee: Guarantee | undefined
  readonly onFailure: 'open' | 'closed' | undefined
}

export interface RuleUser {
  readonly authenticated: boolean | undefined
  readonly id: string | undefined
  readonly email: string | undefined
  readonly provider: string | undefined
  readonly realm: string | undefined
  readonly role: string | undefined
}

/** A request that somebody asks about; what is left out counts as not known, and conditions on it as not met. */
export interface Question {
  readonly method: string
  /** The target as a client sends it: leading slash, query allowed. */
  readonly path: string
  readonly route?: string | undefined
  /** Left out or null: no response was sent. */
  readonly status?: number | null | undefined
  readonly user?: Ended['user'] | undefined
}

/** Which rule decides on a request, and why. */
export interface Explanation {
  /** `exemptUrls`, `rules[2]`, or `fallback`, which keeps all. */
  readonly rule: string
  readonly keep: Keep
  readonly guarantee: Guarantee
  readonly onFailure: 'open' | 'closed'
  readonly because: string
}

export interface PolicySettings {
  readonly exemptUrls: readonly RegExp[]
  readonly rules: readonly ResolvedRule[]
  readonly guarantee: Guarantee
  readonly onFailure: 'open' | 'closed'
}

/** Ordered rules, of which the first that holds decides; where none does, all is kept: nothing is dropped for want of a rule. */
export interface Policy {
  decide(method: string | null, target: string): Decision
  explain(question: Question): Explanation
}

interface CompiledRule extends ResolvedRule {
  readonly index: number
  readonly isPathOf: (target: string) => boolean
  /** Whether it can only be decided when the exchange has ended. */
  readonly isLate: boolean
}

export function createPolicy(settings: PolicySettings): Policy {
  const isExempt = createExemption(settings.exemptUrls)
  const rules = settings.rules.map(compile)
  const keepAll = fixed(settings, 'full')
  const keepNothing = fixed(settings, 'none')
  const early = (method: string | null, target: string): readonly CompiledRule[] =>
    rules.filter((rule) => holdsEarly(rule, method, target))
  return {
    decide(method, target) {
      if (isExempt(target)) return keepNothing
      return rules.length === 0 ? keepAll : (decisionOf(settings, early(method, target)) ?? keepAll)
    },
    explain({ method, path, route, status = null, user = ANONYMOUS }) {
      if (isExempt(path)) return explanation(settings, undefined, 'exemptUrls', 'none', 'its path is exempt')
      const matching = early(method, path)
      const rule = matching.find((each) => holdsAtEnd(each, { route, status, user }))
      if (rule === undefined) return explanation(settings, undefined, 'fallback', 'full', 'no rule holds for it')
      const name = `rules[${rule.index}]`
      return explanation(
        settings,
        certain(matching),
        name,
        rule.keep,
        `it is the first rule that holds: ${conditionsOf(rule)}`,
      )
    },
  }
}

/** How much is kept is decided by the first rule that holds; what must be known before the handler runs, by the first that is certain. */
function decisionOf(settings: PolicySettings, matching: readonly CompiledRule[]): Decision | undefined {
  const [first] = matching
  if (first === undefined) return undefined
  return {
    keep: first.isLate ? undefined : first.keep,
    ...promiseOf(settings, certain(matching)),
    keepAtEnd: (ended) => matching.find((rule) => holdsAtEnd(rule, ended))?.keep ?? 'full',
  }
}

function fixed(settings: PolicySettings, keep: Keep): Decision {
  return { keep, ...promiseOf(settings, undefined), keepAtEnd: () => keep }
}

/** What a response is worth, by the rule that is certain, else by the whole audit log's settings. */
function promiseOf(
  settings: PolicySettings,
  rule: CompiledRule | undefined,
): Pick<Decision, 'guarantee' | 'onFailure'> {
  return { guarantee: rule?.guarantee ?? settings.guarantee, onFailure: rule?.onFailure ?? settings.onFailure }
}

function certain(matching: readonly CompiledRule[]): CompiledRule | undefined {
  return matching.find((rule) => !rule.isLate)
}

function compile(rule: ResolvedRule, index: number): CompiledRule {
  const isPathOf = rule.path === undefined ? () => true : createExemption([rule.path])
  return { ...rule, index, isPathOf, isLate: lateConditions(rule).length > 0 }
}

/** The conditions that hang on how an exchange ends. */
export function lateConditions(rule: Partial<ResolvedRule>): readonly string[] {
  return (['route', 'status', 'user'] as const).filter((name) => rule[name] !== undefined)
}

function holdsEarly(rule: CompiledRule, method: string | null, target: string): boolean {
  return (rule.method === undefined || rule.method.includes(method?.toUpperCase() ?? '')) && rule.isPathOf(target)
}

function holdsAtEnd(rule: CompiledRule, { status, route, user }: Ended): boolean {
  if (rule.route !== undefined && rule.route !== route) return false
  if (rule.status !== undefined && !isAmong(rule.status, status)) return false
  return rule.user === undefined || isUser(rule.user, user)
}

function isAmong(statuses: readonly string[], status: number | null): boolean {
  return status !== null && (statuses.includes(String(status)) || statuses.includes(`${Math.floor(status / 100)}xx`))
}

function isUser(rule: RuleUser, user: Ended['user']): boolean {
  const { authenticated, role } = rule
  if (authenticated !== undefined && authenticated !== user.authenticated) return false
  if (role !== undefined && !user.roles.includes(role)) return false
  return (['id', 'email', 'provider', 'realm'] as const).every(
    (name) => rule[name] === undefined || rule[name] === user[name],
  )
}

function explanation(
  settings: PolicySettings,
  certainRule: CompiledRule | undefined,
  rule: string,
  keep: Keep,
  because: string,
): Explanation {
  return { rule, keep, ...promiseOf(settings, certainRule), because }
}

function conditionsOf(rule: CompiledRule): string {
  const { method, path, route, status, user } = rule
  const conditions = Object.entries({
    method,
    path: path && String(path),
    route,
    status,
    user: user && JSON.stringify(user),
  })
  const named = conditions.filter(([, value]) => value !== undefined).map(([name, value]) => `${name} ${String(value)}`)
  return named.length === 0 ? 'it names no condition' : named.join(', ')
}
