import { builtIn } from '../lib/built-in.ts'
import type { PolicySettings } from './policy.ts'

/**
 * Names the rules in force: the first 16 hexadecimal digits of the SHA-256 of the rules as JSON, patterns as text, with
 * `exemptUrls` as the first of them. Undefined without any rule, and where the platform has no `node:crypto`.
 */
export function policyHash({ exemptUrls, rules }: Pick<PolicySettings, 'exemptUrls' | 'rules'>): string | undefined {
  const all = [...exemptUrls.map((path) => ({ path, keep: 'none' })), ...rules]
  if (all.length === 0) return undefined
  const text = JSON.stringify(all, (_name, value: unknown) => (value instanceof RegExp ? String(value) : value))
  return builtIn('node:crypto')?.createHash('sha256').update(text).digest('hex').slice(0, 16)
}
