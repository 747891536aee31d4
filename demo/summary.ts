import { readFileSync, statSync } from 'node:fs'
import type { AuditRecord } from 'griffier'
import { nameOf, paint, redactedIn } from './show.ts'
import type { Visit } from './visitor.ts'

/** What was recorded, in a few lines, and every fault that was found. */
export function summarise(
  all: readonly AuditRecord[],
  visit: Visit,
  path: string,
): { readonly text: string; readonly faults: readonly string[] } {
  const file = readFileSync(path, 'utf8')
  const records = all.filter(({ kind }) => kind === undefined)
  const lines = file.split('\n').length - 1
  const total = visit.sent.length + visit.unnamed
  const faults = [...faultsIn(records, visit), ...faultsInFile(file, all, visit.secrets)]
  const rows = [
    ['requests', `${total + visit.exempt}: ${total} with one record each, ${visit.exempt} exempt`],
    ['outcomes', counted(records.map(({ outcome }) => outcome ?? 'none'))],
    ['users', counted(records.map(nameOf))],
    ['addresses', counted(records.map(({ user }) => user?.ip ?? 'unknown'))],
    ['', '127.0.0.1 is the trusted proxy: what it says of others is believed; 127.0.0.2 is not'],
    ['redacted', counted(records.flatMap(redactedIn))],
    ['secrets', `${visit.secrets.length} were sent or shown; none of them is in the file`],
    ['file', `${path}`],
    [
      '',
      `${lines} lines, ${all.length - records.length} of them the trail's own; mode ${(statSync(path).mode & 0o777).toString(8).padStart(4, '0')}`,
    ],
  ]
  const text = rows.map(([name = '', value = '']) => `  ${paint('dim', name.padEnd(11))}${value}\n`).join('')
  return { text: faults.length > 0 ? '' : text, faults }
}

function faultsIn(records: readonly AuditRecord[], { sent, unnamed }: Visit): readonly string[] {
  const countOf = (id: string): number => records.filter((record) => record.request_id === id).length
  const faults = sent.filter((id) => countOf(id) !== 1).map((id) => `${id} has ${countOf(id)} records, and not one`)
  const others = records.filter(({ request_id: id }) => id === undefined).length
  return others === unnamed ? faults : [...faults, `${others} records have no request id, expected ${unnamed}`]
}

function faultsInFile(file: string, records: readonly AuditRecord[], secrets: readonly string[]): readonly string[] {
  const leaked = secrets.filter((secret) => file.includes(secret)).map((secret) => `${secret} is in the file`)
  const same = file === records.map((record) => `${JSON.stringify(record)}\n`).join('')
  return same ? leaked : [...leaked, 'the file holds other records than were shown']
}

function counted(names: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  const parts = [...counts].sort(([, one], [, other]) => other - one).map(([name, count]) => `${name} ×${count}`)
  return parts.reduce((text, part) => `${text},${isLong(text, part) ? `\n${' '.repeat(13)}` : ' '}${part}`)
}

function isLong(text: string, part: string): boolean {
  return text.length - text.lastIndexOf('\n') + part.length > 85
}
