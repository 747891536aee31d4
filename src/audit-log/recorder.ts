import type { AsyncLocalStorage } from 'node:async_hooks'
import { createClientAddress, createPeerTrust } from '../exchange/client-address.ts'
import type { Guarantee } from '../exchange/decision.ts'
import type { OpenExchange } from '../exchange/open-exchange.ts'
import type { Recorder } from '../exchange/recorder.ts'
import { SilentLogger } from '../exchange/silent-logger.ts'
import type { Clock } from '../lib/clock.ts'
import { AuditError, type ErrorCode } from '../lib/errors.ts'
import { LinkedList } from '../lib/linked-list.ts'
import { quote } from '../lib/text.ts'
import { createPseudonymizer } from '../record/pseudonym.ts'
import { createRedactor } from '../record/redaction.ts'
import type { SealedRecord } from '../record/sealed-record.ts'
import type { Policy } from './policy.ts'
import { policyHash } from './policy-hash.ts'
import type { ResolvedSettings } from './resolved-settings.ts'

/** What a recorder gets from its audit log, beside the settings. */
export interface RecorderParts {
  readonly clock: Clock
  readonly newId: (time: number) => string
  readonly scope: AsyncLocalStorage<OpenExchange> | null
  readonly policy: Policy
  readonly admitsMore: (request: object | undefined) => boolean
  readonly keep: (record: SealedRecord, guarantee: Guarantee) => Promise<void> | undefined
  readonly keeping: Pick<Recorder, 'keepIntent' | 'lose' | 'refuse'>
  readonly holding: () => void
  readonly heldFor: (ms: number) => void
  readonly report: (error: AuditError) => void
}

/** Turns settings into the functions that every exchange needs, once. */
export function createRecorder(settings: ResolvedSettings, parts: RecorderParts): Recorder {
  const { trustedProxies, forwardedHeader, pseudonyms } = settings
  const { keeping } = parts
  const redactor = createRedactor(settings, parts.report)
  const forwarding = { trustedProxies, forwardedHeader }
  const reportOnce = onceForEachCode(parts.report)
  return {
    loggerName: quote(settings.loggerName),
    redactor,
    clock: parts.clock,
    newId: parts.newId,
    decide(method, target, request) {
      if (!settings.enabled) return undefined
      const decision = parts.policy.decide(method, target)
      return decision.keep !== 'none' && parts.admitsMore(request) ? decision : undefined
    },
    policy: policyHash(settings),
    forwardedHeader,
    clientAddress: createClientAddress(forwarding),
    trustsPeer: createPeerTrust(forwarding),
    hasOwnTrust: trustedProxies !== undefined,
    userFromRequest: settings.userFromRequest,
    identity: pseudonyms === undefined ? (_field, value) => value : createPseudonymizer(pseudonyms),
    scope: parts.scope,
    guarantee: settings.guarantee,
    holdTimeoutMs: settings.holdTimeoutMs,
    echoRequestId: settings.echoRequestId,
    keep: parts.keep,
    keepIntent: (intent, exchange) => keeping.keepIntent(intent, exchange),
    lose: (error) => keeping.lose(error),
    refuse: (error) => keeping.refuse(error),
    holding: parts.holding,
    heldFor: parts.heldFor,
    open: new LinkedList(),
    silent: new SilentLogger(redactor),
    report: parts.report,
    ignored(header) {
      reportOnce(new AuditError('PROXY_NOT_TRUSTED', { header }))
    },
    reportOnce,
  }
}

function onceForEachCode(report: (error: AuditError) => void): (error: AuditError) => void {
  const said = new Set<ErrorCode>()
  return (error) => {
    if (said.has(error.code)) return
    said.add(error.code)
    report(error)
  }
}
