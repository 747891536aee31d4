/** A route of an app: `ALL` stands for every method. */
export interface Route {
  readonly method: string
  /** As the app wrote it, prefixes included as far as the framework remembers them. */
  readonly path: string
  matches(path: string): boolean
}

/** HEAD comes with GET by itself. A route of this many methods has them all. */
export function methodsOf(methods: readonly string[]): readonly string[] {
  if (methods.length > 6) return ['ALL']
  return methods.filter((method) => /^[A-Z]+$/.test(method) && !(method === 'HEAD' && methods.includes('GET')))
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
