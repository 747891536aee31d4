import { VERSION } from '../lib/version.ts'
import type { Json } from '../record/record.ts'
import { policyHash } from './policy-hash.ts'
import type { ResolvedSettings } from './resolved-settings.ts'

/** What somebody must know who reads a trail: what was kept of which requests, and how safely. It holds no secret. */
export function inForce(settings: ResolvedSettings): Json {
  const { guarantee, onFailure, holdTimeoutMs, exemptUrls, rules, redact, pseudonyms, trustedProxies } = settings
  const promising = rules.flatMap((rule, index) =>
    rule.guarantee === undefined && rule.onFailure === undefined
      ? []
      : [
          {
            rule: index,
            method: rule.method ?? null,
            path: rule.path === undefined ? null : String(rule.path),
            guarantee: rule.guarantee ?? guarantee,
            on_failure: rule.onFailure ?? onFailure,
          },
        ],
  )
  return {
    version: VERSION,
    guarantee,
    on_failure: onFailure,
    hold_timeout_ms: holdTimeoutMs,
    policy: policyHash(settings) ?? null,
    exempt_urls: exemptUrls.map(String),
    rules: promising,
    privacy: settings.privacy,
    redact: redact.mode,
    pseudonyms: pseudonyms === undefined ? null : { key_id: pseudonyms.keyId, fields: pseudonyms.fields },
    trusted_proxies: trustedProxies ?? null,
    forwarded_header: settings.forwardedHeader,
  }
}
