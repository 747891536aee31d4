import { AuditError, type ErrorCode, safeReasonOf } from '../lib/errors.ts'

/** The error that a trail reports of a failure: the failure itself where it is one. */
export function trailError(code: ErrorCode, directory: string, cause: unknown): AuditError {
  if (cause instanceof AuditError) return cause
  return new AuditError(code, { directory, reason: safeReasonOf(cause) }, cause)
}
