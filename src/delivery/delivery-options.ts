import type { Format } from '../formats/format.ts'
import type { AuditError } from '../lib/errors.ts'
import type { QueueLimits } from '../sinks/sink.ts'

/** Settings of `deliverTo`. */
export interface DeliveryOptions {
  /** What lines look like, where the sink has no format of its own. */
  readonly format: Format
  /** Hears of each code at most once a second, never with contents of records. */
  readonly report: (error: AuditError) => void
  /** How long a write may take before it is reported and its signal aborted, in milliseconds. Default: 30,000. */
  readonly writeLimitMs?: number
  /**
   * Whether who flushes also writes, and looks at short intervals whether what others write is done. For platforms such
   * as Workers, where what a request has begun ends with it, and no other can wait for it.
   */
  readonly writesInFlush?: boolean
  /** Limits for a sink that wishes none of its own. */
  readonly queue?: QueueLimits
}
