import { isObject, objectOf } from '../trail/line.ts'
import { visible } from './visible.ts'

/** A record as it was read: nothing is known of its members. */
export type ReadRecord = Readonly<Record<string, unknown>>

const maxDetail = 160

/** The record that a line holds; a line that is no JSON object gives one without members. */
export function readRecord(line: Buffer): ReadRecord {
  return objectOf(line) ?? {}
}

/** What is at a path of members; undefined where nothing is. */
export function member(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, name) => (isObject(inner) && Object.hasOwn(inner, name) ? inner[name] : undefined),
    value,
  )
}

/** The text at a path of members; undefined where there is none. */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = member(value, ...path)
  return typeof found === 'string' ? found : undefined
}

/** The number at a path of members; 0 where there is none. */
export function numberAt(value: unknown, ...path: readonly string[]): number {
  const found = member(value, ...path)
  return typeof found === 'number' ? found : 0
}

/** What a record says, in parts that fit on a line: when, of what kind it is or else how it ended, and what happened. All of it is visible text. */
export function partsOf(record: ReadRecord): { time: string; how: string; what: string } {
  const how = textAt(record, 'kind') ?? textAt(record, 'outcome') ?? textAt(record, 'type') ?? '?'
  return {
    time: visible(textAt(record, 'time') ?? 'no time'),
    how: visible(how),
    what: visible(whatOf(record).filter(Boolean).join('  ')),
  }
}

function whatOf(record: ReadRecord): readonly (string | undefined)[] {
  const kind = textAt(record, 'kind')
  const own = kind === undefined ? undefined : member(record, kind)
  const request = textAt(record, 'http_request', 'url')
  return [
    kind === undefined ? undefined : textAt(record, 'outcome'),
    member(record, 'outcome') === undefined
      ? undefined
      : String(member(record, 'http_response', 'status_code') ?? '---'),
    request === undefined ? undefined : `${textAt(record, 'http_request', 'method') ?? '?'} ${request}`,
    textAt(record, 'user', 'email') ?? textAt(record, 'user', 'id'),
    textAt(record, 'message'),
    own === undefined ? undefined : shortened(JSON.stringify(own)),
  ]
}

function shortened(text: string): string {
  return text.length <= maxDetail ? text : `${text.slice(0, maxDetail - 1)}…`
}
