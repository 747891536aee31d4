import type { KeyObject } from 'node:crypto'
import type { Guarantee } from '../exchange/decision.ts'
import type { Formatter } from '../formats/format.ts'
import type { AuditError } from '../lib/errors.ts'
import type { LineFunction } from '../sinks/function.ts'
import type { Sink } from '../sinks/sink.ts'
import type { LineWriter } from '../sinks/writable.ts'

export type { Guarantee, LineFunction, LineWriter }

/** A handler as a value. */
export type LoadedHandler = Sink | LineWriter | LineFunction

/** A handler as a value or as the text `module#export`. */
export type LogHandler = LoadedHandler | string

/** The formats that are named by text. */
export type FormatName = 'native' | 'python-audit-log'

/**
 * Who asks, read from the framework's own request or context. It gives, or resolves with,
 * `{ authenticated?, id?, email?, provider?, realm?, roles? }`, a bare text, which is an id, or null.
 * The answer's type is open, as user objects of any library are understood.
 */
export type UserFromRequest<Request = unknown> = (request: Request) => unknown

/** What replaces a redacted value: gets the value and the name it was found under, and gives the text to keep. */
export type Censor = (value: unknown, name: string) => string

/** The hook that is told of every error griffier meets after its start. Its result is not waited for. */
export type OnError = (error: AuditError) => unknown

export interface RedactSettings {
  /** Names of headers, in any case. */
  readonly headers?: readonly string[] | undefined
  /** Names of query parameters, in any case. */
  readonly query?: readonly string[] | undefined
  /** Names of keys at any depth of filter and results, and of `name=value` parts of messages; case, `-` and `_` do not matter. */
  readonly keys?: readonly string[] | undefined
  /** `'extend'` adds each list to the default one; `'replace'` puts it in its place, where it is given. Default: `'extend'`. */
  readonly mode?: 'extend' | 'replace' | undefined
  /** What takes a redacted value's place: a fixed text, a function, or, as a text with `#`, `module#export`. Default: `REDACTED`, which also stands in when the function fails. */
  readonly censor?: Censor | string | undefined
}

/** The parts of `user` that can be kept as pseudonyms. */
export type PseudonymField = 'id' | 'email' | 'provider' | 'realm'

export interface PseudonymSettings {
  /** The key of HMAC-SHA-256: at least 32 bytes, as bytes or as text, which counts in UTF-8. */
  readonly key: string | Uint8Array
  /** Names the key in every pseudonym, so that keys can be changed: letters, digits, `.`, `_` and `-`, at most 64. */
  readonly keyId: string
  /** Which parts of `user` are replaced. Default: `['id', 'email']`. */
  readonly fields?: readonly PseudonymField[] | undefined
}

/** A directory that holds every record, and what proves that none was changed (`docs/format.md`). */
export interface TrailSettings {
  /** Its path. It is made where it is missing, for this user alone; the directory above it must be there. */
  readonly directory: string
  /** The Ed25519 private key that signs it: PKCS#8 PEM without a passphrase, or a KeyObject. Default: `AUDIT_LOG_TRAIL_KEY`, else the file `<directory>.key`, which is made where it is missing. */
  readonly key?: string | KeyObject | undefined
  /** Its name, which every checkpoint bears: 1 to 255 characters, without space and `+`; by custom a URL without its scheme. Default: that of the trail that is there, else one is made up. */
  readonly origin?: string | undefined
  /** How long nothing may be recorded until a heartbeat is: whole milliseconds from 1,000. Default: 600,000. */
  readonly heartbeatMs?: number | undefined
  /** Whether the directory may be on a network file system, whose locks and syncs cannot be relied on. Default: false. */
  readonly allowNetworkFs?: boolean | undefined
}

/** A rule on how much is kept of which requests. Every condition that it names must hold; without any it holds for all. */
export interface Rule {
  /** One method or several, in any case. */
  readonly method?: string | readonly string[] | undefined
  /** Searched in the path as `exemptUrls` are: in the path as sent and in its normal form, both. */
  readonly path?: RegExp | string | undefined
  /** The route as the app wrote it, mounted path included: `/bicycles/:id`. */
  readonly route?: string | undefined
  /** One status or several: numbers, or classes such as `'4xx'`. */
  readonly status?: number | string | readonly (number | string)[] | undefined
  /** Who acts: every member that is named must be the user's; `role` must be among the user's roles. */
  readonly user?:
    | {
        readonly authenticated?: boolean | undefined
        readonly id?: string | undefined
        readonly email?: string | undefined
        readonly provider?: string | undefined
        readonly realm?: string | undefined
        readonly role?: string | undefined
      }
    | undefined
  /** `'none'`: no record; `'metadata'`: no filter, results or message; `'full'`: all. */
  readonly keep: 'none' | 'metadata' | 'full'
  /** As the setting; only on rules that name no more than method and path. */
  readonly guarantee?: Guarantee | undefined
  /** As the setting; only on rules that name no more than method and path. */
  readonly onFailure?: 'open' | 'closed' | undefined
}

/**
 * What `createAuditLog` and every framework's door take. All of it is optional; what is `undefined` counts as not given.
 * Each setting is also read from the environment as `AUDIT_LOG_` and its name in SNAKE_CASE (`docs/settings.md`); options win.
 * Faults are thrown together, at start, as one `AuditError` of code `SETTINGS_INVALID`.
 */
export interface Settings<Request = unknown> {
  /** Whether records are made at all. Default: true. */
  readonly enabled?: boolean | undefined
  /** Name of the audit log, and `logger` in its records: 1 to 200 characters. Default: `'audit_log'`. */
  readonly loggerName?: string | undefined
  /** Patterns searched in the path, leading slash included; requests that match leave no record. Text is a regular expression's source. Default: none. */
  readonly exemptUrls?: readonly (RegExp | string)[] | undefined
  /** Where records go: one or a list of handlers, which with a trail may be empty. Default: standard output. */
  readonly logHandler?: LogHandler | readonly LogHandler[] | undefined
  /** What lines look like: a format's name, a function from the native record to its line, or `module#export`. Default: `'native'`. */
  readonly logFormatter?: FormatName | Formatter | (string & {}) | undefined
  /** Who asks: a function, or `module#export`. Default: what the framework's door knows. */
  readonly userFromRequest?: UserFromRequest<Request> | string | undefined
  /** Whether `audit.current()` works; it costs some time in each request. Default: true. */
  readonly context?: boolean | undefined
  /** Proxies whose forwarded header is believed: addresses, CIDR ranges and the names `loopback`, `linklocal`, `uniquelocal`, or a number of hops. Default: none, or the framework's own decision where it has one. */
  readonly trustedProxies?: readonly string[] | number | undefined
  /** The one header that trusted proxies write. Default: `'x-forwarded-for'`. */
  readonly forwardedHeader?: string | undefined
  /** What is redacted beside, or in place of, the default lists. */
  readonly redact?: RedactSettings | undefined
  /** `'strict'` keeps only the values that are named, where `'default'` redacts only those. Default: `'default'`. */
  readonly privacy?: 'default' | 'strict' | undefined
  /** Replaces parts of `user` by keyed pseudonyms. Default: none. */
  readonly pseudonyms?: PseudonymSettings | undefined
  /** Ordered rules, of which the first that holds decides; where none does, all is kept. `exemptUrls` come before them. Default: none. */
  readonly rules?: readonly Rule[] | undefined
  /** Where every record is kept before it goes anywhere else. Default: none. */
  readonly trail?: TrailSettings | undefined
  /** Default: `'written'` with a trail; without one `'best-effort'`, the only level then. */
  readonly guarantee?: Guarantee | undefined
  /** What happens to a response whose record cannot be kept: it goes out all the same, or it does not. Default: `'open'`. */
  readonly onFailure?: 'open' | 'closed' | undefined
  /** The longest that a response is held for its record: whole milliseconds from 1. Default: 5,000. */
  readonly holdTimeoutMs?: number | undefined
  /** The longest that `close()` waits for handlers: whole milliseconds from 0. Default: 10,000. */
  readonly closeTimeoutMs?: number | undefined
  /** Whether signals close the audit log: `true` stands for SIGTERM and SIGINT, a list names others. Default: false. */
  readonly closeOnSignals?: boolean | readonly NodeJS.Signals[] | undefined
  /** Is told of every error after the start: a function, or `module#export`. Default: at most one warning a second on standard error. */
  readonly onError?: OnError | string | undefined
  /** Whether the response carries the request's id as `x-request-id`. Default: false, which leaves the response as it is. */
  readonly echoRequestId?: boolean | undefined
}
