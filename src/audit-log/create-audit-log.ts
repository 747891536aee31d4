import { AsyncLocalStorage } from 'node:async_hooks'
import { closeOnSignals } from '../delivery/close-on-signals.ts'
import { drainAtExit } from '../delivery/drain-at-exit.ts'
import type { Recorder } from '../exchange/recorder.ts'
import { stdoutSink } from '../sinks/stdout.ts'
import { openTrail } from '../trail/trail.ts'
import type { AuditLog } from './audit-log.ts'
import { claimDirectory } from './claim-directory.ts'
import { mentionUnknownVariables } from './environment.ts'
import { type Handlers, openHandlers } from './handlers.ts'
import { type InnerParts, OpenAuditLog, type Parts } from './open-audit-log.ts'
import { createReporter, type Reporter } from './report.ts'
import { resolveSettings } from './resolve-settings.ts'
import type { ResolvedSettings } from './resolved-settings.ts'
import type { Settings } from './settings.ts'
import { warnOnStderr } from './warn-on-stderr.ts'

/**
 * Opens an audit log: checks all settings, from the options and from `AUDIT_LOG_*` variables, and opens its handlers.
 *
 * @param parts replaces the clock and the ids, for an app's own tests (`fixedClock`, `fixedIds` of `griffier/testing`).
 * @throws AuditError `SETTINGS_INVALID`, with every fault named; nothing is open then.
 */
export function createAuditLog<Request = unknown>(settings: Settings<Request> = {}, parts: Parts = {}): AuditLog {
  return openAuditLog(resolveSettings(settings, process.env), parts)
}

/** Opens an audit log of settings that were checked, wired to Node.js. */
export function openAuditLog(settings: ResolvedSettings, parts: InnerParts = {}): OpenAuditLog {
  const { onError, context, closeTimeoutMs, closeOnSignals: signals } = settings
  const report = createReporter(onError, warnOnStderr)
  const free =
    settings.enabled && settings.trail !== undefined ? claimDirectory(settings.trail.directory) : () => undefined
  const handlers = openAll(settings, report, free)
  mentionUnknownVariables(process.env, report)
  return new OpenAuditLog(settings, {
    trail: openTrail,
    ...parts,
    report,
    handlers,
    scope: context ? new AsyncLocalStorage() : null,
    watch: (drainable, close) => [drainAtExit(drainable, closeTimeoutMs), closeOnSignals(close, signals), free],
  })
}

function openAll(settings: ResolvedSettings, report: Reporter, free: () => void): Handlers {
  try {
    return openHandlers(settings, report, { fallback: stdoutSink })
  } catch (error) {
    free()
    throw error
  }
}

/** The audit log that a framework's door was given, or a new one of these settings. */
export function auditLogFrom<Request>(settings: Settings<Request> | AuditLog | undefined): AuditLog {
  return settings instanceof OpenAuditLog ? settings : createAuditLog(settings as Settings<Request> | undefined)
}

/** What a framework's door needs of an audit log beside what an app may see. */
export function recorderOf(audit: AuditLog): Recorder {
  return (audit as OpenAuditLog).recorder
}
