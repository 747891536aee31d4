import type { KeyObject } from 'node:crypto'
import type { Formatter } from '../formats/format.ts'
import type { ResolvedRule } from './policy.ts'
import type {
  Censor,
  FormatName,
  Guarantee,
  LoadedHandler,
  OnError,
  PseudonymField,
  UserFromRequest,
} from './settings.ts'

/** Lists as given; `undefined` where none was, so that `'replace'` leaves that default list as it is. */
export interface ResolvedRedact {
  readonly headers: readonly string[] | undefined
  readonly query: readonly string[] | undefined
  readonly keys: readonly string[] | undefined
  readonly mode: 'extend' | 'replace'
  /** A fixed text, or what makes one. */
  readonly censor: Censor | string | undefined
}

export interface ResolvedPseudonyms {
  /** A copy of the caller's bytes. */
  readonly key: Uint8Array
  readonly keyId: string
  readonly fields: readonly PseudonymField[]
}

export interface ResolvedTrail {
  /** Absolute. */
  readonly directory: string
  /** `undefined`: the key lies beside the directory. */
  readonly key: KeyObject | undefined
  readonly origin: string | undefined
  readonly heartbeatMs: number
  readonly allowNetworkFs: boolean
}

/** Settings that were checked, with their defaults filled in, references loaded and patterns compiled; frozen, but for what the caller owns. */
export interface ResolvedSettings {
  readonly enabled: boolean
  readonly loggerName: string
  readonly exemptUrls: readonly RegExp[]
  /** `undefined`: standard output. Empty only with a trail. */
  readonly logHandler: readonly LoadedHandler[] | undefined
  readonly logFormatter: FormatName | Formatter
  readonly userFromRequest: UserFromRequest | undefined
  readonly context: boolean
  /** `undefined`: not given; the framework's own decision counts. */
  readonly trustedProxies: readonly string[] | number | undefined
  /** In lower case. */
  readonly forwardedHeader: string
  readonly redact: ResolvedRedact
  readonly privacy: 'default' | 'strict'
  readonly pseudonyms: ResolvedPseudonyms | undefined
  readonly rules: readonly ResolvedRule[]
  readonly trail: ResolvedTrail | undefined
  readonly guarantee: Guarantee
  readonly onFailure: 'open' | 'closed'
  readonly holdTimeoutMs: number
  readonly closeTimeoutMs: number
  readonly closeOnSignals: readonly NodeJS.Signals[]
  readonly onError: OnError | undefined
  readonly echoRequestId: boolean
}

/** The same, before the default of what hangs on the trail is known. */
export interface ReadSettings extends Omit<ResolvedSettings, 'guarantee'> {
  readonly guarantee: Guarantee | undefined
}
