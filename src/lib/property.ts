/** A property of any value, undefined where there is none or reading it throws (a getter, a revoked proxy). Never throws. */
export function property(value: unknown, name: PropertyKey): unknown {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return undefined
  try {
    return (value as Readonly<Record<PropertyKey, unknown>>)[name]
  } catch {
    return undefined
  }
}
