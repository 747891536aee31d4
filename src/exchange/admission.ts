import { AuditError } from '../lib/errors.ts'
import { within } from '../lib/within.ts'
import type { SealedRecord } from '../record/sealed-record.ts'
import { sealTrailRecord } from '../record/trail-record.ts'
import type { Exchange } from './exchange.ts'
import { requestText } from './exchange-text.ts'
import { ANONYMOUS, userText } from './user-text.ts'

/**
 * Whether the handler of an exchange may run: once its intent is on disk, where it is to be recorded first; undefined: at
 * once. False where the client is to be refused, as no intent could be kept. Never rejects.
 */
export function admissionOf(exchange: Exchange): Promise<boolean> | undefined {
  if (exchange.decision.guarantee !== 'recorded-first' || exchange.isAdmitted) return undefined
  exchange.admission ??= admit(exchange)
  return exchange.admission
}

async function admit(exchange: Exchange): Promise<boolean> {
  const { recorder } = exchange
  const began = recorder.clock.monotonic()
  recorder.holding()
  const mayRun = await keepIntent(exchange)
  recorder.heldFor(recorder.clock.monotonic() - began)
  exchange.isAdmitted = mayRun
  return mayRun
}

async function keepIntent(exchange: Exchange): Promise<boolean> {
  const { recorder, decision } = exchange
  const { holdTimeoutMs } = recorder
  let kept: Promise<void> | undefined
  let failure: unknown
  try {
    kept = recorder.keepIntent(sealIntent(exchange), exchange.id)
    if (await within(kept, holdTimeoutMs)) return true
  } catch (error) {
    failure = error
  }
  const overdue = new AuditError('HOLD_TIMED_OUT', { ms: holdTimeoutMs })
  if (decision.onFailure === 'closed') {
    exchange.refuse(failure ?? overdue)
    return false
  }
  if (failure === undefined) recorder.report(overdue)
  if (kept === undefined) exchange.lose(failure)
  else kept.catch((error) => exchange.lose(error))
  return true
}

/** A request that is about to be handled: who it is from is not known yet, but for the address. */
function sealIntent(exchange: Exchange): SealedRecord {
  const { recorder, facts, source } = exchange
  const time = recorder.clock.now()
  return sealTrailRecord({
    id: recorder.newId(time),
    time,
    logger: recorder.loggerName,
    kind: 'intent',
    exchange: exchange.id,
    request: requestText(facts, recorder),
    user: userText(ANONYMOUS, source.address(), recorder),
  })
}
