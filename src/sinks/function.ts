import { AuditError, safeReasonOf } from '../lib/errors.ts'
import type { AuditRecord } from '../record/record.ts'
import type { SealedRecord } from '../record/sealed-record.ts'
import type { LineAnswer, Sink } from './sink.ts'
import { type TextSinkOptions, textSink } from './text-sink.ts'

/** A function as a handler: takes the line as formatted, ending in `\n`, and the native record, frozen. */
export type LineFunction = (line: string, record: AuditRecord) => unknown

/**
 * A function as a sink: called once a record, the next time when what it returned has resolved. A record is safe once it
 * has returned or resolved; where it throws or rejects, the record is lost (`HANDLER_FAILED`): it is not asked again.
 */
export function functionSink(handler: LineFunction, options: TextSinkOptions = {}): Sink {
  const name = options.name ?? (handler.name || 'function')
  const call = (line: string, sealed: SealedRecord | undefined) => {
    return sealed === undefined ? undefined : handler(`${line}\n`, sealed.record)
  }
  return textSink(
    {
      name,
      writeLines: (lines, _signal, records) => callEach(lines, records, call, name),
      writeLinesSync: (lines, records) => callEachNow(lines, records, call, name),
      close: async () => undefined,
    },
    options,
  )
}

type Call = (line: string, sealed: SealedRecord | undefined) => unknown

/** Goes on at once while the function answers at once; from its first promise on, one after another. */
function callEach(
  lines: readonly string[],
  records: readonly SealedRecord[],
  call: Call,
  name: string,
): LineAnswer | undefined | Promise<LineAnswer | undefined> {
  const losses = new Losses(name)
  for (let index = 0; index < lines.length; index++) {
    const answer = losses.of(() => call(lines[index] ?? '', records[index]))
    if (isThenable(answer)) return callRest(lines, records, call, losses, index, answer)
  }
  return losses.answer
}

async function callRest(
  lines: readonly string[],
  records: readonly SealedRecord[],
  call: Call,
  losses: Losses,
  begun: number,
  first: unknown,
): Promise<LineAnswer | undefined> {
  let answer = first
  for (let index = begun + 1; ; index++) {
    await losses.ofPromise(answer)
    if (index >= lines.length) return losses.answer
    answer = losses.of(() => call(lines[index] ?? '', records[index]))
  }
}

function callEachNow(
  lines: readonly string[],
  records: readonly SealedRecord[],
  call: Call,
  name: string,
): LineAnswer | undefined {
  const losses = new Losses(name)
  lines.forEach((line, index) => {
    const answer = losses.of(() => call(line, records[index]))
    if (isThenable(answer)) void losses.ofPromise(answer)
  })
  return losses.answer
}

/** Counts the calls that failed and keeps the last reason. */
class Losses {
  readonly #name: string
  #lost = 0
  #cause: unknown

  constructor(name: string) {
    this.#name = name
  }

  get answer(): LineAnswer | undefined {
    if (this.#lost === 0) return undefined
    const values = { handler: this.#name, reason: safeReasonOf(this.#cause) }
    return { lost: this.#lost, error: new AuditError('HANDLER_FAILED', values, this.#cause) }
  }

  of(call: () => unknown): unknown {
    try {
      return call()
    } catch (error) {
      this.#count(error)
      return undefined
    }
  }

  async ofPromise(promise: unknown): Promise<void> {
    try {
      await promise
    } catch (error) {
      this.#count(error)
    }
  }

  #count(cause: unknown): void {
    this.#lost++
    this.#cause = cause
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
