import type { Format, Formatter } from '../formats/format.ts'
import { formatAll } from '../formats/format-all.ts'
import { type FormatName, formatFrom, formatNames } from '../formats/formats.ts'
import { AuditError } from '../lib/errors.ts'
import { oneLine } from '../lib/text.ts'
import type { AuditRecord } from '../record/record.ts'
import { SealedRecord } from '../record/sealed-record.ts'
import type { LineAnswer, QueueLimits, Sink } from './sink.ts'

/** What every sink of text may be told. */
export interface TextSinkOptions extends QueueLimits {
  /** Names the sink in `health()` and in errors. */
  readonly name?: string
  /** What its lines look like. Default: as `logFormatter` says. */
  readonly format?: FormatName | Formatter
}

/** What a sink of text has of its own. */
export type TextSinkParts = { readonly name: string } & Required<Pick<Sink, 'writeLines' | 'close'>> &
  Pick<Sink, 'writeLinesSync' | 'flush' | 'reopen'>

/** Makes a whole sink of one that takes lines: `write` for callers that have records, and the state of being closed. */
export function textSink(parts: TextSinkParts, options: TextSinkOptions): Sink {
  const name = options.name ?? parts.name
  const format: Format = formatFrom(options.format ?? 'native', name, () => undefined)
  let underWay: Promise<unknown> = Promise.resolve()
  let closing: Promise<void> | undefined

  const writeLines: TextSinkParts['writeLines'] = (lines, signal, records) => {
    signal.throwIfAborted()
    return lines.length === 0 ? undefined : parts.writeLines(lines, signal, records)
  }
  const writeRecords = async (records: readonly AuditRecord[], signal: AbortSignal): Promise<void> => {
    const formatted = formatAll(format, records.map(seal))
    failUnlessTaken(await writeLines(formatted.lines, signal, formatted.records))
  }

  const { writeLinesSync } = parts

  return {
    ...parts,
    ...(writeLinesSync === undefined
      ? {}
      : {
          writeLinesSync: (lines, records) => {
            if (closing !== undefined) return { taken: 0, error: new AuditError('RECORD_AFTER_CLOSE') }
            return writeLinesSync(lines, records)
          },
        }),
    name,
    ...(options.format === undefined ? {} : { format: options.format }),
    queue: queueLimits(options),
    writeLines(lines, signal, records) {
      if (closing !== undefined) throw new AuditError('RECORD_AFTER_CLOSE')
      return writeLines(lines, signal, records)
    },
    write(records, signal) {
      if (closing !== undefined) return Promise.reject(new AuditError('RECORD_AFTER_CLOSE'))
      const written = underWay.then(() => writeRecords(records, signal))
      underWay = written.catch(() => undefined)
      return written
    },
    close() {
      closing ??= underWay.then(() => parts.close())
      return closing
    },
  }
}

function seal(record: AuditRecord): SealedRecord {
  return new SealedRecord(record.id, oneLine(JSON.stringify(record)))
}

/** Throws `SETTINGS_INVALID` for a format that nobody knows. To be called before anything is opened. */
export function checkTextSinkOptions({ format }: TextSinkOptions): void {
  if (typeof format !== 'string' || formatNames.includes(format)) return
  throw new AuditError('SETTINGS_INVALID', {
    faults: [`format must be a function or one of ${formatNames.join(', ')}`],
  })
}

function failUnlessTaken(answer: LineAnswer | undefined): void {
  if (answer?.error !== undefined && (answer.taken !== undefined || (answer.lost ?? 0) > 0)) throw answer.error
}

function queueLimits({ overflow, maxQueuedRecords, maxQueuedBytes }: QueueLimits): QueueLimits {
  return {
    ...(overflow === undefined ? {} : { overflow }),
    ...(maxQueuedRecords === undefined ? {} : { maxQueuedRecords }),
    ...(maxQueuedBytes === undefined ? {} : { maxQueuedBytes }),
  }
}
