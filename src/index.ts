export type { AuditLog, Health } from './audit-log/audit-log.ts'
export { createAuditLog } from './audit-log/create-audit-log.ts'
export type { Explanation, Question } from './audit-log/policy.ts'
export type {
  Censor,
  FormatName,
  Guarantee,
  LineFunction,
  LineWriter,
  LogHandler,
  OnError,
  PseudonymField,
  PseudonymSettings,
  RedactSettings,
  Rule,
  Settings,
  TrailSettings,
  UserFromRequest,
} from './audit-log/settings.ts'
export type { DeliveryHealth } from './delivery/tally.ts'
export { fromJwtClaims, fromOidcClaims, type UserFacts } from './exchange/user.ts'
export type { Formatter } from './formats/format.ts'
export { AuditError, type ErrorCode } from './lib/errors.ts'
export type { Logger, UserDescription } from './record/logger.ts'
export type {
  AuditRecord,
  ErrorPart,
  HttpRequestPart,
  HttpResponsePart,
  Json,
  Level,
  Outcome,
  UserPart,
} from './record/record.ts'
export { type FileSinkOptions, fileSink } from './sinks/file.ts'
export type { Refusal, Sink } from './sinks/sink.ts'
export { type StdoutSinkOptions, stdoutSink } from './sinks/stdout.ts'
export type { TrailHealth } from './trail/trail.ts'
