/** What a test's child process needs: an audit trail of records to stdout or a file, without the rest of griffier. */
import { closeOnSignals } from '../../src/delivery/close-on-signals.ts'
import { type Delivery, deliverTo } from '../../src/delivery/delivery.ts'
import { drainAtExit } from '../../src/delivery/drain-at-exit.ts'
import { native } from '../../src/formats/native.ts'
import { SealedRecord } from '../../src/record/sealed-record.ts'
import { fileSink } from '../../src/sinks/file.ts'
import type { Sink } from '../../src/sinks/sink.ts'
import { stdoutSink } from '../../src/sinks/stdout.ts'

export { deliverTo, drainAtExit, fileSink, stdoutSink }

/** Delivery to stdout for the path `-`, else to a file, closed as an audit log is closed; errors go to stderr. */
export function open(path: string): Delivery {
  return openSink(path === '-' ? stdoutSink() : fileSink(path))
}

/** Delivery to any sink, drained at the end of the process and on signals. */
export function openSink(sink: Sink): Delivery {
  const delivery = deliverTo(sink, { format: native, report: (error) => console.error(error.code) })
  const stop = drainAtExit(delivery, 60_000)
  const close = async () => {
    await delivery.close(60_000)
    stop()
  }
  closeOnSignals(close, ['SIGTERM', 'SIGINT'])
  return delivery
}

/** Pushes records numbered from `first`, whose text is as long as `size` says. */
export function pushRecords(
  delivery: Delivery,
  first: number,
  count: number,
  size: (n: number) => number = () => 200,
): void {
  for (let n = first; n < first + count; n++) {
    delivery.push(new SealedRecord(`id-${n}`, JSON.stringify({ n, pid: process.pid, text: '😀'.repeat(size(n) / 4) })))
  }
}
