import { quote } from '../lib/text.ts'
import type { Level } from './record.ts'
import type { Redactor } from './redaction.ts'
import { valueText } from './value.ts'

/** What stands in a record where the app itself says nothing of it. */
export interface Proposal {
  readonly filter?: { readonly object: string; readonly kwargs: Readonly<Record<string, unknown>> } | undefined
  readonly results?: unknown
  readonly message?: string | undefined
}

/** What an app adds to a record, as JSON texts: made when the app says it, so that nothing of the app's is kept or seen to change. */
export class Annotations {
  filter: string | undefined
  results: string | undefined
  type: Level = 'INFO'
  message = '""'
  /** What was proposed last; a part that is another by now was said by the app. */
  #proposed: { filter: string | undefined; results: string | undefined; message: string } | undefined

  setFilter(redactor: Redactor, object: string, fields: unknown, terms: unknown): void {
    const rest = terms === undefined && isObjectOfTerms(fields) ? { kwargs: fields } : { fields, terms }
    this.filter = filterText(redactor, object, rest)
  }

  setResults(redactor: Redactor, results: unknown): void {
    this.results = valueText(results, redactor)
  }

  setMessage(redactor: Redactor, type: Level, message: unknown): void {
    this.type = type
    this.message = quote(redactor.text(textOf(message)))
  }

  /** Fills in what the app has not said; a later proposal takes the place of an earlier one, and what the app says that of both. */
  propose(redactor: Redactor, { filter, results, message }: Proposal): void {
    this.#proposed ??= { filter: undefined, results: undefined, message: '""' }
    const proposed = this.#proposed
    if (filter !== undefined && this.filter === proposed.filter) {
      this.filter = proposed.filter = filterText(redactor, filter.object, { kwargs: filter.kwargs })
    }
    if (results !== undefined && this.results === proposed.results) {
      this.results = proposed.results = valueText(results, redactor)
    }
    if (message !== undefined && this.message === proposed.message) {
      this.message = proposed.message = quote(redactor.text(message))
    }
  }
}

function filterText(redactor: Redactor, object: string, rest: object): string {
  const text = valueText(rest, redactor)
  return `{"object":${quote(redactor.text(textOf(object)))}${text === '{}' ? '' : `,${text.slice(1, -1)}`}}`
}

function isObjectOfTerms(value: unknown): boolean {
  try {
    return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Set)
  } catch {
    return true // a revoked proxy: its text says that it throws
  }
}

/** An app written in JavaScript may hand over anything as text. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    return value === undefined || value === null ? '' : String(value)
  } catch {
    return '[throws]'
  }
}
