/** Every error that griffier reports: its code, what happened, what to do. `docs/errors.md` lists the same codes; a test keeps them equal. */
export const errorCatalogue = {
  SETTINGS_INVALID: 'The settings have faults: {faults}. Correct each of them; nothing was started.',
  MODULE_NOT_LOADED:
    '{reference} could not be loaded: {reason}. Give a path or package and an export it has, as module#export.',
  USER_NOT_READ: 'userFromRequest failed: {reason}. The record was kept with the user that was known before, if any.',
  ADDRESS_NOT_READ: 'clientAddress failed: {reason}. The record was kept without an address.',
  WAIT_UNTIL_FAILED:
    'waitUntil failed: {reason}. Where the platform ends early, records may not be delivered; see flushBeforeEnd.',
  FORMAT_FAILED: 'The formatter of {handler} failed on a record: {reason}. The native line was handed over instead.',
  CENSOR_FAILED: 'The redact.censor function failed: {reason}. The value was replaced by REDACTED.',
  HANDLER_FAILED: 'Handler {handler} failed: {reason}. It is tried again where the handler allows; see health().sinks.',
  HANDLER_TIMED_OUT: 'Handler {handler} did not answer within {ms} ms. Its records count as lost if it never does.',
  QUEUE_FULL:
    'The queue of handler {handler} is full; {count} records were dropped. Make the handler faster or its queue larger.',
  RECORDS_REFUSED:
    'Handler {handler} refused {count} records for good: {reason}. They are not tried again. See what the destination accepts.',
  CLOSE_TIMED_OUT:
    'Handler {handler} still had {count} records when close() ran out of time; they count as lost. Raise closeTimeoutMs, or make the handler faster.',
  RECORD_AFTER_CLOSE: 'A record came after close(); it was counted and not kept. Close the audit log after the server.',
  RECORD_NOT_KEPT:
    'A record could not be kept: {reason}. It is counted, and onFailure decides on its response. See health().',
  HOLD_TIMED_OUT:
    'A record was not safe within {ms} ms. onFailure decides on its response; it may yet be kept. See health(), and the disk of the trail.',
  LATE_ANNOTATION:
    'req.auditLog was used after its record was made; the call had no effect. Annotate before the response ends.',
  NO_EXCHANGE: 'audit.current() was used outside of a request; the call had no effect. Use audit.logger() there.',
  PROXY_NOT_TRUSTED:
    'A request carried {header}, but no proxy is trusted, so it was ignored. Set trustedProxies if there is one.',
  UNKNOWN_VARIABLE:
    'The environment variable {name} is not a setting of griffier and was ignored. Correct its name, or unset it.',
  REPORTS_DROPPED:
    '{count} errors were not told to onError, or it failed on them. Keep the hook short, and do not let it fail or cause what it reports.',
  FILE_NOT_OPENED: 'The file {path} could not be opened: {reason}. Its directory must exist and be writable.',
  FILE_MOVED: 'The file {path} was renamed or deleted; writing goes on in a new file of that name.',
  FILE_NOT_WRITTEN: 'The file {path} could not be written: {reason}. The records are kept in memory and written again.',
  FILE_NOT_ROTATED:
    'The file {path} could not be rotated: {reason}. Writing goes on in it, and rotation is tried again.',
  TRAIL_KEY_INVALID: '{source} cannot sign a trail: {reason}. Give an Ed25519 private key as PKCS#8 PEM.',
  TRAIL_KEY_EXPOSED:
    'The signing key {path} can be used by others: its mode is {mode}. Take away the access of group and others (chmod 600).',
  TRAIL_KEY_NOT_OPENED:
    'The signing key {path} could not be read or made: {reason}. Its directory must exist and be writable.',
  TRAIL_LOCKED:
    'The trail is locked: {holder} has {path}. Give each process a directory of its own; where that process is surely gone, delete the file.',
  TRAIL_OPEN_FAILED:
    'The trail in {directory} could not be opened: {reason}. It takes a directory of its own, within one that exists and that this process may write to.',
  TRAIL_NETWORK_FS:
    'The directory {directory} is on a network file system, where locks and syncs cannot be relied on. Use a local disk, or set trail.allowNetworkFs.',
  TRAIL_ORIGIN_DIFFERS:
    'The trail in {directory} is that of {found}, but the settings say {expected}. Leave trail.origin out, or give another directory.',
  TRAIL_KEY_DIFFERS:
    'The trail in {directory} is signed with another key than {given}. Give the key that it was begun with, or another directory.',
  TRAIL_VERSION_UNKNOWN:
    'The trail in {directory} has format {format}, which this release cannot read. Use a newer release of griffier.',
  TRAIL_NOT_CONTINUED:
    'The trail in {directory} is not continued: {reason}. Records go to its successor {successor}; keep both, and see what happened to the first.',
  TRAIL_DAMAGED:
    'Something in the trail {directory} does not fit: {file}, {bytes} bytes from {offset} on. A damage record says so; see where it came from.',
  TRAIL_WRITE_FAILED:
    'The trail in {directory} could not be written: {reason}. It is tried again, and a gap record will tell what was not kept; see health().trail.',
  TRAIL_SYNC_FAILED:
    'The disk did not keep what was written to the trail in {directory}: {reason}. It goes on in a new segment, or is tried again. See to the disk.',
  TRAIL_PATH_CHANGED:
    'The trail in {directory} was moved, replaced or deleted while it was in use: {reason}. Put it back, or restart the app.',
  TRAIL_FULL:
    '{mib} MiB wait to be made durable in the trail in {directory}; more records are not taken. See to the speed of the disk.',
  TRAIL_CHECKPOINT_FAILED:
    'No checkpoint could be made of the trail in {directory}: {reason}. Records are kept all the same; it is tried again.',
  TRAIL_CLOSED:
    'A record came to the trail in {directory} after it was closed, and was not kept. Close the audit log last.',
  TRAIL_NOT_READ: '{path} could not be read as part of a trail: {reason}. See what verify says of the trail.',
  TRAIL_NOTE_REFUSED:
    'A signed note was refused: {reason}. Compare it with a copy, and the verifier key with its source.',
  STDOUT_NOT_WRITTEN: 'Standard output could not be written: {reason}. See what reads it, or log to a file.',
} as const

export type ErrorCode = keyof typeof errorCatalogue

/** An error with a stable `code` of `docs/errors.md`; match on the code, never on the text. */
export class AuditError extends Error {
  readonly code: ErrorCode
  /** The single faults, for `SETTINGS_INVALID`; else empty. */
  readonly faults: readonly string[]

  constructor(code: ErrorCode, values: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    const { faults } = values
    const list = Array.isArray(faults) ? faults.map(String) : []
    super(fillIn(errorCatalogue[code], { ...values, faults: list.join('; ') }), cause === undefined ? {} : { cause })
    this.name = 'AuditError'
    this.code = code
    this.faults = list
  }
}

/** What is known of a thrown value, as text; never throws. */
export function reasonOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown)
  } catch {
    return 'unknown'
  }
}

/** What may be said of a thrown value without quoting what it was at work on: a system error's message, else its name. */
export function safeReasonOf(thrown: unknown): string {
  try {
    if (!(thrown instanceof Error)) return 'it failed'
    return String('syscall' in thrown || thrown instanceof AuditError ? thrown.message : thrown.name)
  } catch {
    return 'it failed'
  }
}

function fillIn(template: string, values: Readonly<Record<string, unknown>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole))
}
