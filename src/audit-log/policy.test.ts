import { describe, expect, test } from 'vitest'
import type { AuditError } from '../lib/errors.ts'
import type { Explanation, Question } from './policy.ts'
import { createPolicy } from './policy.ts'
import { policyHash } from './policy-hash.ts'
import { resolveSettings } from './resolve-settings.ts'
import type { Settings } from './settings.ts'

const policyOf = (settings: Settings) => createPolicy(resolveSettings(settings, {}))
const explain = (settings: Settings, question: Question): Explanation => policyOf(settings).explain(question)

describe('which rule decides', () => {
  const settings: Settings = {
    exemptUrls: ['^/health$'],
    rules: [
      { method: ['get', 'HEAD'], path: '^/admin/', keep: 'full', onFailure: 'closed' },
      { path: /^\/static\//, keep: 'none' },
      { status: '4xx', path: '^/search', keep: 'metadata' },
      { route: '/bicycles/:id', user: { role: 'clerk' }, keep: 'metadata' },
      { user: { authenticated: false }, status: [404, '5xx'], keep: 'none' },
    ],
  }
  const clerk = { authenticated: true, id: 'jane', roles: ['clerk'] }

  test.each<[string, Question, string, string]>([
    ['an exempt path, before all rules', { method: 'GET', path: '/health?deep=1' }, 'exemptUrls', 'none'],
    ['a method in any case and a path', { method: 'GET', path: '/admin/users' }, 'rules[0]', 'full'],
    ['not another method', { method: 'DELETE', path: '/admin/users' }, 'fallback', 'full'],
    ['a path alone', { method: 'GET', path: '/static/x.css' }, 'rules[1]', 'none'],
    ['not a path that only looks so', { method: 'GET', path: '/static/../admin' }, 'fallback', 'full'],
    ['a class of statuses', { method: 'GET', path: '/search?q=x', status: 404 }, 'rules[2]', 'metadata'],
    ['not another status', { method: 'GET', path: '/search?q=x', status: 200 }, 'fallback', 'full'],
    [
      'a route and a role',
      { method: 'GET', path: '/bicycles/7', route: '/bicycles/:id', user: clerk },
      'rules[3]',
      'metadata',
    ],
    ['not another role', { method: 'GET', path: '/bicycles/7', route: '/bicycles/:id' }, 'fallback', 'full'],
    [
      'who is not signed in, and one of several statuses',
      { method: 'GET', path: '/x', status: 503 },
      'rules[4]',
      'none',
    ],
    ['not what was never answered', { method: 'GET', path: '/x', status: null }, 'fallback', 'full'],
  ])('%s', (_what, question, rule, keep) => {
    expect(explain(settings, question)).toMatchObject({ rule, keep })
  })

  test('it says why, and what is in force for the response', () => {
    expect(explain(settings, { method: 'GET', path: '/admin/users' })).toEqual({
      rule: 'rules[0]',
      keep: 'full',
      guarantee: 'best-effort',
      onFailure: 'closed',
      because: 'it is the first rule that holds: method GET,HEAD, path /^\\/admin\\//',
    })
  })

  test('a rule that hangs on the ending leaves the decision open, but not what later rules say of the response', () => {
    const policy = policyOf({
      rules: [
        { status: '5xx', keep: 'full' },
        { path: '^/a', keep: 'none', onFailure: 'closed' },
      ],
    })
    const decision = policy.decide('GET', '/a')
    expect(decision).toMatchObject({ keep: undefined, onFailure: 'closed' })
    const user = { authenticated: false, roles: [] }
    expect(decision.keepAtEnd({ status: 500, route: undefined, user })).toBe('full')
    expect(decision.keepAtEnd({ status: 200, route: undefined, user })).toBe('none')
  })
})

describe('rules that cannot be meant', () => {
  const faultsOf = (rules: unknown): readonly string[] => {
    try {
      resolveSettings({ rules }, {})
    } catch (error) {
      return (error as AuditError).faults
    }
    return []
  }

  test.each([
    [
      'a guarantee by status',
      [{ status: 500, keep: 'full', guarantee: 'best-effort' }],
      'rules[0]: sets guarantee by status',
    ],
    [
      'what to do on failure by user',
      [{ user: { role: 'x' }, keep: 'full', onFailure: 'open' }],
      'rules[0]: sets onFailure by user',
    ],
    ['no word on how much is kept', [{ path: '^/a' }], 'rules[0].keep: got nothing'],
    ['a status that is none', [{ status: '6xx', keep: 'none' }], 'rules[0].status[0]: got a text'],
    ['a pattern that does not compile', [{ path: '(', keep: 'none' }], 'rules[0].path: '],
    [
      'a condition that there is not',
      [{ methods: 'GET', keep: 'none' }],
      'rules[0].methods: is not a setting, did you mean method?',
    ],
    [
      'a guarantee without a trail',
      [{ keep: 'full', guarantee: 'durable' }],
      'rules[0].guarantee: durable needs a trail',
    ],
  ])('%s is a fault', (_what, rules, fault) => {
    const faults = faultsOf(rules)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toContain(fault)
  })
})

test('rules have one name in all processes that have the same, and another when one of them changes', () => {
  const hashOf = (settings: Settings): string | undefined => policyHash(resolveSettings(settings, {}))
  const one = hashOf({ rules: [{ path: /^\/a/i, keep: 'none' }] })
  expect(one).toMatch(/^[0-9a-f]{16}$/)
  expect(hashOf({ rules: [{ path: /^\/a/i, keep: 'none' }] })).toBe(one)
  expect(hashOf({ rules: [{ path: /^\/a/, keep: 'none' }] })).not.toBe(one)
  expect(hashOf({ exemptUrls: ['^/a'] })).not.toBe(one)
  expect(hashOf({})).toBeUndefined()
})
