import { type Delivery, deliverTo } from '../delivery/delivery.ts'
import type { Drainable } from '../delivery/drain-at-exit.ts'
import type { DeliveryHealth } from '../delivery/tally.ts'
import { formatFrom } from '../formats/formats.ts'
import { AuditError } from '../lib/errors.ts'
import { within } from '../lib/within.ts'
import type { SealedRecord } from '../record/sealed-record.ts'
import { functionSink } from '../sinks/function.ts'
import type { Sink } from '../sinks/sink.ts'
import { writableSink } from '../sinks/writable.ts'
import { isSink } from './parse-references.ts'
import type { Reporter } from './report.ts'
import type { ResolvedSettings } from './resolved-settings.ts'
import type { LoadedHandler } from './settings.ts'

/** All handlers of one name: what several audit logs of that name share, so that no line is doubled. */
export interface Handlers extends Drainable {
  push(record: SealedRecord): void
  reopen(): void
  close(limitMs: number): Promise<void>
  health(): readonly DeliveryHealth[]
}

/** What opening handlers needs of the place where it runs. */
export interface HandlerOptions {
  /** The sink where no handler is given. */
  readonly fallback: () => Sink
  /** As for `deliverTo`. */
  readonly writesInFlush?: boolean
}

interface OpenHandlers extends Handlers {
  readonly given: ResolvedSettings['logHandler']
  readonly format: ResolvedSettings['logFormatter']
  users: number
}

/** The only state of this module that outlives a call: which names are open in this process. */
const openNames = new Map<string, OpenHandlers>()

/**
 * Opens the handlers of these settings, or joins those that are open under the same name.
 *
 * @throws AuditError `SETTINGS_INVALID` where other handlers, or another formatter, are open under the name.
 */
export function openHandlers(settings: ResolvedSettings, report: Reporter, options: HandlerOptions): Handlers {
  const { loggerName, logHandler, logFormatter } = settings
  const open = openNames.get(loggerName)
  if (open === undefined) {
    const handlers = beginDelivery(settings, report, options)
    openNames.set(loggerName, handlers)
    return handlers
  }
  if (!isSame(open.given, logHandler) || open.format !== logFormatter) {
    throw new AuditError('SETTINGS_INVALID', {
      faults: [
        `loggerName: an audit log named ${loggerName} is open with another logHandler or logFormatter; close it first, or choose another name`,
      ],
    })
  }
  open.users += 1
  return open
}

function beginDelivery(
  { loggerName, logHandler, logFormatter }: ResolvedSettings,
  report: Reporter,
  { fallback, writesInFlush = false }: HandlerOptions,
): OpenHandlers {
  const format = formatFrom(logFormatter, loggerName, report)
  const sinks = logHandler === undefined ? [fallback()] : logHandler.map(sinkOf)
  const deliveries: readonly Delivery[] = sinks.map((sink) => deliverTo(sink, { format, report, writesInFlush }))
  const handlers: OpenHandlers = {
    given: logHandler,
    format: logFormatter,
    users: 1,
    push(record) {
      for (const delivery of deliveries) delivery.push(record)
    },
    hasQueued: () => deliveries.some((delivery) => delivery.hasQueued()),
    async flush() {
      await Promise.all(deliveries.map((delivery) => delivery.flush()))
    },
    drainSync() {
      for (const delivery of deliveries) delivery.drainSync()
    },
    reopen() {
      for (const delivery of deliveries) delivery.reopen()
    },
    async close(limitMs) {
      handlers.users -= 1
      if (handlers.users > 0) {
        await within(handlers.flush(), limitMs)
        return
      }
      openNames.delete(loggerName)
      await Promise.all(deliveries.map((delivery) => delivery.close(limitMs)))
    },
    health: () => deliveries.map((delivery) => delivery.health()),
  }
  return handlers
}

function sinkOf(handler: LoadedHandler): Sink {
  if (typeof handler === 'function') return functionSink(handler)
  return isSink(handler) ? handler : writableSink(handler)
}

function isSame(one: ResolvedSettings['logHandler'], other: ResolvedSettings['logHandler']): boolean {
  if (one === undefined || other === undefined) return one === other
  return one.length === other.length && one.every((handler, index) => handler === other[index])
}
