import { AuditError, type ErrorCode, safeReasonOf } from '../lib/errors.ts'

/** What went wrong where no system said so: a clause in our own words, which quotes no record and becomes the reason of an error. */
export class TrailFailure extends Error {
  override readonly name = 'TrailFailure'
}

/** The error that is told of a failure: the failure itself where it is one. `place` is the directory or the path that the text of the code names. */
export function trailError(
  code: ErrorCode,
  place: { readonly directory: string } | { readonly path: string },
  cause: unknown,
): AuditError {
  if (cause instanceof AuditError) return cause
  const reason = cause instanceof TrailFailure ? cause.message : safeReasonOf(cause)
  return new AuditError(code, { ...place, reason }, cause)
}
