import { builtIn } from '../lib/built-in.ts'
import { openHandlers } from './handlers.ts'
import { OpenAuditLog } from './open-audit-log.ts'
import { createReporter } from './report.ts'
import type { ResolvedSettings } from './resolved-settings.ts'

/**
 * Opens an audit log of settings that were checked, wired to nothing but what every JavaScript platform has: it knows no
 * environment, no standard output, no process that ends. `current()` works where the platform has `node:async_hooks`.
 */
export function openPortably(settings: ResolvedSettings): OpenAuditLog {
  const report = createReporter(settings.onError, warnOnConsole)
  return new OpenAuditLog(settings, {
    report,
    handlers: openHandlers(settings, report, { fallback: noFallback, writesInFlush: true }),
    scope: settings.context ? createScope() : null,
  })
}

function createScope(): OpenAuditLog['recorder']['scope'] {
  const hooks = builtIn('node:async_hooks')
  return hooks === undefined ? null : new hooks.AsyncLocalStorage()
}

function noFallback(): never {
  throw new Error('settings without a handler')
}

function warnOnConsole(line: string): void {
  // biome-ignore lint/suspicious/noConsole: it is the only standard error that every platform has
  console.warn(line.trimEnd())
}
