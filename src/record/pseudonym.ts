import { BoundedMap } from '../lib/bounded-map.ts'
import { builtIn } from '../lib/built-in.ts'

const PSEUDONYMS_KEPT = 1024

export interface PseudonymSettings {
  /** The secret of the HMAC; text is taken as UTF-8. */
  readonly key: string | Uint8Array
  /** Says in each pseudonym which key made it, so that keys can be changed. */
  readonly keyId: string
  /** The fields of `user` that are replaced, such as `id` and `email`. */
  readonly fields: readonly string[]
}

/** Whether the platform has what pseudonyms are made with. */
export function canPseudonymize(): boolean {
  return builtIn('node:crypto') !== undefined
}

/**
 * Replaces the values of the named fields by `hmac-sha256:<keyId>:<hex>`, the HMAC-SHA-256 (RFC 2104) of the value's
 * UTF-8 form: equal values have equal pseudonyms, and whoever has the key can make one with any tool. Values of other
 * fields, and empty ones, stay. Throws where the platform has no HMAC: `canPseudonymize` says so.
 */
export function createPseudonymizer(settings: PseudonymSettings): (field: string, value: string) => string {
  const crypto = builtIn('node:crypto')
  if (crypto === undefined) throw new Error('node:crypto is not there')
  const { keyId } = settings
  const key = crypto.createSecretKey(
    typeof settings.key === 'string' ? new TextEncoder().encode(settings.key) : settings.key,
  )
  const fields = new Set(settings.fields)
  const known = new BoundedMap<string, string>(PSEUDONYMS_KEPT)
  return (field, value) => {
    if (value === '' || !fields.has(field)) return value
    const before = known.get(value)
    if (before !== undefined) return before
    const pseudonym = `hmac-sha256:${keyId}:${crypto.createHmac('sha256', key).update(value).digest('hex')}`
    known.set(value, pseudonym)
    return pseudonym
  }
}
