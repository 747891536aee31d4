import { quote } from '../lib/text.ts'
import type { Level } from './record.ts'
import type { Redactor } from './redaction.ts'
import { valueText } from './value.ts'

/** What an app adds to a record, as JSON texts: made when the app says it, so that nothing of the app's is kept or seen to change. */
export class Annotations {
  filter: string | undefined
  results: string | undefined
  type: Level = 'INFO'
  message = '""'

  setFilter(redactor: Redactor, object: string, fields: unknown, terms: unknown): void {
    const rest = terms === undefined && isObjectOfTerms(fields) ? { kwargs: fields } : { fields, terms }
    const text = valueText(rest, redactor)
    this.filter = `{"object":${quote(redactor.text(textOf(object)))}${text === '{}' ? '' : `,${text.slice(1, -1)}`}}`
  }

  setResults(redactor: Redactor, results: unknown): void {
    this.results = valueText(results, redactor)
  }

  setMessage(redactor: Redactor, type: Level, message: unknown): void {
    this.type = type
    this.message = quote(redactor.text(textOf(message)))
  }
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
