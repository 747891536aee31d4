import type { Recorder } from '../exchange/recorder.ts'
import type { AuditLog } from './audit-log.ts'
import { OpenAuditLog, type Parts } from './open-audit-log.ts'
import { resolveSettings } from './resolve-settings.ts'
import type { Settings } from './settings.ts'

/**
 * Opens an audit log: checks all settings, from the options and from `AUDIT_LOG_*` variables, and opens its handlers.
 *
 * @param parts replaces the clock and the ids, for an app's own tests (`fixedClock`, `fixedIds` of `griffier/testing`).
 * @throws AuditError `SETTINGS_INVALID`, with every fault named; nothing is open then.
 */
export function createAuditLog<Request = unknown>(settings: Settings<Request> = {}, parts: Parts = {}): AuditLog {
  return new OpenAuditLog(resolveSettings(settings, process.env), parts)
}

/** The audit log that a framework's door was given, or a new one of these settings. */
export function auditLogFrom<Request>(settings: Settings<Request> | AuditLog | undefined): AuditLog {
  return settings instanceof OpenAuditLog ? settings : createAuditLog(settings as Settings<Request> | undefined)
}

/** What a framework's door needs of an audit log beside what an app may see. */
export function recorderOf(audit: AuditLog): Recorder {
  return (audit as OpenAuditLog).recorder
}
