import { styleText } from 'node:util'
import type { AuditRecord, Outcome } from 'griffier'

type Style = Parameters<typeof styleText>[0]

const inColour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined
const outcomeStyles: Readonly<Record<Outcome, Style>> = {
  success: 'green',
  denied: 'magenta',
  failure: 'red',
  aborted: 'yellow',
}
const LONGEST = 88

/** Text in a style, on a terminal; elsewhere the text alone. */
export function paint(style: Style, text: string): string {
  return inColour ? styleText(style, text) : text
}

/** A record as a person reads it: one line that says what happened, and one for each thing that is known beside. */
export function show(record: AuditRecord): string {
  const { http_request: request, http_response: response, outcome = 'success' } = record
  const status = String(response?.status_code ?? '---')
  const what = `${request?.method ?? '?'} ${pathOf(record)}`
  const details: readonly (readonly [string, string | undefined])[] = [
    ['by', `${nameOf(record)}, from ${record.user?.ip ?? 'an unknown address'}`],
    ['asked', record.filter && asked(record.filter)],
    ['shown', JSON.stringify(record.results)],
    [record.type?.toLowerCase() ?? '', record.message],
    ['error', record.error && `${record.error.type}: ${record.error.message}`],
    ['redacted', redactedIn(record).join(', ')],
  ]
  const lines = details
    .filter(([, text]) => text)
    .map(([name, text = '']) => `             ${paint('dim', name.padEnd(9))}${short(text)}\n`)
  return `  ${paint(outcomeStyles[outcome], outcome.padEnd(8))} ${status}  ${paint('bold', short(what))}${paint('dim', `  ${record.duration_ms} ms`)}\n${lines.join('')}`
}

/** Who acted. */
export function nameOf({ user }: AuditRecord): string {
  const name = user?.email ?? user?.id
  return name === undefined ? 'nobody' : `${name}${user?.roles.length ? ` (${user.roles.join(', ')})` : ''}`
}

/** The places of a record where something was redacted: `?token`, `set-cookie`, `bsn`, `message`. */
export function redactedIn(record: AuditRecord): readonly string[] {
  const inUrl = [...(record.http_request?.url ?? '').matchAll(/[?&]([^=&]+)=REDACTED/g)].map(([, name]) => `?${name}`)
  const headers = Object.entries(record.http_response?.headers ?? {}).filter(([, value]) => isRedacted(value))
  const inMessage = isRedacted(record.message) ? ['message'] : []
  return [...inUrl, ...headers.map(([name]) => name), ...keysIn(record.filter), ...keysIn(record.results), ...inMessage]
}

function keysIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, part]) => (part === 'REDACTED' ? [key] : keysIn(part)))
}

function isRedacted(value: unknown): boolean {
  return String(value).includes('REDACTED')
}

/** What was asked for: the object, and each thing that was said of it. */
function asked({ object, kwargs, ...rest }: NonNullable<AuditRecord['filter']>): string {
  return [object, ...(kwargs === undefined ? Object.values(rest) : [kwargs]).map((part) => JSON.stringify(part))].join(
    ' ',
  )
}

function pathOf({ http_request: request }: AuditRecord): string {
  const url = request?.url
  return url === null || url === undefined ? '(not HTTP)' : url.replace(/^\w+:\/\/[^/]+/, '')
}

function short(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`
}
