import { AuditError, safeReasonOf } from '../lib/errors.ts'
import { oneLine } from '../lib/text.ts'
import type { Format, Formatter } from './format.ts'
import { native } from './native.ts'
import { pythonAuditLog } from './python-audit-log.ts'

const formats: { readonly native: Format; readonly 'python-audit-log': Format } = {
  native,
  'python-audit-log': pythonAuditLog,
}

/** The name of a format that griffier brings along. */
export type FormatName = keyof typeof formats

/** The names of all formats that griffier brings along. */
export const formatNames: readonly FormatName[] = Object.keys(formats) as FormatName[]

/** The format that is meant by a name or made from a formatter; `report` hears of a formatter's failures. */
export function formatFrom(
  choice: FormatName | Formatter,
  handlerName: string,
  report: (error: AuditError) => void,
): Format {
  return typeof choice === 'function' ? formatWith(choice, handlerName, report) : formats[choice]
}

/** A format that never fails and always gives one physical line: where the formatter throws or gives no text, the native line. */
function formatWith(formatter: Formatter, handlerName: string, report: (error: AuditError) => void): Format {
  return (sealed) => {
    try {
      const text: unknown = formatter(sealed.record)
      if (typeof text === 'string' && text !== '') return oneLine(text)
      report(new AuditError('FORMAT_FAILED', { handler: handlerName, reason: 'it gave no text' }))
    } catch (error) {
      report(new AuditError('FORMAT_FAILED', { handler: handlerName, reason: safeReasonOf(error) }, error))
    }
    return sealed.line
  }
}
