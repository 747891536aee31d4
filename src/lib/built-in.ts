/** The modules of Node's that griffier can do without. */
interface BuiltIns {
  readonly 'node:async_hooks': typeof import('node:async_hooks')
  readonly 'node:crypto': typeof import('node:crypto')
}

/**
 * One of Node's own modules, where the platform has it: every supported Node.js, Bun, Deno, and Workers with their Node
 * compatibility. Asked for at run time, so that no platform and no bundler meets an import that it cannot resolve.
 */
export function builtIn<Name extends keyof BuiltIns>(name: Name): BuiltIns[Name] | undefined {
  const { process } = globalThis as { readonly process?: Partial<NodeJS.Process> }
  return process?.getBuiltinModule?.(name) as BuiltIns[Name] | undefined
}
