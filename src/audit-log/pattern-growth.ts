// By its namespace: bundles of ECMAScript modules often declare a `createRequire` of their own.
import * as nodeModule from 'node:module'
import { join } from 'node:path'

/** A second is far more than an ordinary pattern takes; a pattern that is not understood by then is let through. */
const TIME_FOR_A_PATTERN_MS = 1_000

interface Recheck {
  checkSync(
    source: string,
    flags: string,
    parameters: { readonly timeout: number },
  ): {
    readonly complexity?: { readonly type: string }
    readonly error?: { readonly kind: string }
  }
}

/**
 * The patterns that a text can make exponentially slow, as indices, according to `recheck` where that is installed;
 * without it none is found. Throws where it is installed and cannot be used.
 * Patterns of polynomial growth are let through: paths longer than 8 KiB are never matched.
 */
export function exponentialPatterns(patterns: readonly RegExp[]): readonly number[] {
  if (patterns.length === 0) return []
  const recheck = loadRecheck()
  if (recheck === undefined) return []
  return [...patterns.keys()].filter((index) => isExponential(recheck, patterns[index]))
}

function isExponential(recheck: Recheck, pattern: RegExp | undefined): boolean {
  if (pattern === undefined) return false
  const before = process.cpuUsage()
  for (;;) {
    const { complexity, error } = recheck.checkSync(pattern.source, pattern.flags, { timeout: TIME_FOR_A_PATTERN_MS })
    const { user, system } = process.cpuUsage(before)
    // On a machine that is busy the time may pass without the process.
    const hadItsTime = (user + system) / 1_000 > TIME_FOR_A_PATTERN_MS / 2
    if (error?.kind !== 'timeout' || hadItsTime) return complexity?.type === 'exponential'
  }
}

function loadRecheck(): Recheck | undefined {
  const require = nodeModule.createRequire(join(process.cwd(), 'noop.js'))
  let path: string
  try {
    // Its main entry starts a worker by a path that is lost in bundles.
    path = require.resolve('recheck/lib/browser.js')
  } catch {
    return undefined
  }
  const recheck: unknown = require(path)
  if (hasCheck(recheck)) return recheck
  throw new Error('this version of it has no checkSync')
}

function hasCheck(value: unknown): value is Recheck {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'checkSync') === 'function'
}
