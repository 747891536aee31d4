// By its namespace: bundles of ECMAScript modules often declare a `createRequire` of their own.
import * as nodeModule from 'node:module'
import { join } from 'node:path'
import { AuditError, reasonOf } from '../lib/errors.ts'

/**
 * The value that a text `module#export` names, seen from the working directory: a package, a relative or absolute path,
 * or a `node:` built-in, as CommonJS or as an ES module without top-level await. The last `#` separates.
 * Throws `MODULE_NOT_LOADED`, with the reason, where there is no such value.
 */
export function loadReference(reference: string): unknown {
  const separator = reference.lastIndexOf('#')
  const specifier = reference.slice(0, Math.max(separator, 0))
  const name = reference.slice(separator + 1)
  if (specifier === '' || name === '') throw notLoaded('A text', 'it is not of the form module#export')
  // A URL may carry a password, so it is not shown.
  if (specifier.includes('://')) throw notLoaded('A URL', 'only paths, packages and node: built-ins can be named')
  const value = readExport(reference, specifier, name)
  if (value === undefined) throw notLoaded(reference, `the module has no export ${name}`)
  return value
}

function readExport(reference: string, specifier: string, name: string): unknown {
  try {
    // The working directory is asked for at run time: a bundle's own place says nothing of where the app's modules are.
    const exported: unknown = nodeModule.createRequire(join(process.cwd(), 'noop.js'))(specifier)
    const hasMembers = (typeof exported === 'object' && exported !== null) || typeof exported === 'function'
    return hasMembers && Object.hasOwn(exported, name) ? Reflect.get(exported, name) : undefined
  } catch (thrown) {
    throw notLoaded(reference, loadingReason(thrown), thrown)
  }
}

/** The first line of what was thrown: the lines after it show paths of this machine and pieces of source. */
function loadingReason(thrown: unknown): string {
  const isAsync = thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_REQUIRE_ASYNC_MODULE'
  if (isAsync) return 'it, or a module it imports, uses top-level await'
  return (reasonOf(thrown).split('\n', 1)[0] ?? '').slice(0, 200)
}

function notLoaded(reference: string, reason: string, cause?: unknown): AuditError {
  return new AuditError('MODULE_NOT_LOADED', { reference: reference.slice(0, 200), reason }, cause)
}
