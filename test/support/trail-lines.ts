/*
 * The records of a trail as docs/format.md lays them down, read without any code of the trail, and what must be true of them.
 *
 *   const lines = linesOfTrail(filesOf('/srv/trail'))
 *   faultsIn(lines, promises)        // [] where every promise was kept
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The files of a directory by their paths from there; directories have no bytes. */
export type Files = ReadonlyMap<string, Buffer | undefined>

export interface Line {
  readonly index: number
  readonly text: string
  readonly record: TrailRecord
}

export interface TrailRecord {
  readonly id: string
  readonly time: string
  readonly kind?: string
  readonly exchange?: string
  readonly request_id?: string
  readonly outcome?: string
  readonly http_response?: { readonly status_code: number | null }
  readonly interrupted?: { readonly intent: string }
  readonly gap?: { readonly lost: number; readonly refused: number; readonly reason: string }
  readonly stop?: { readonly recorded: number; readonly lost: number; readonly refused: number }
  readonly recovery?: { readonly size: number; readonly torn_bytes: number; readonly interrupted: number }
  readonly nonce: string
}

/** The files of the segments of a trail. */
export function filesOf(directory: string): Files {
  const files = new Map<string, Buffer>()
  for (const name of readdirSync(join(directory, 'segments'))) {
    files.set(`segments/${name}`, readFileSync(join(directory, 'segments', name)))
  }
  return files
}

/** The lines of a trail in their order; throws where they are not as they must be. A torn end is left out. */
export function linesOfTrail(files: Files): readonly Line[] {
  const segments = [...files]
    .flatMap(([path, bytes]) => {
      const name = /^segments\/(\d{12,})\.ndjson$/.exec(path)?.[1]
      return name === undefined || bytes === undefined ? [] : [{ first: Number(name), bytes, path }]
    })
    .sort((one, other) => one.first - other.first)
  const lines: Line[] = []
  for (const [place, { first, bytes, path }] of segments.entries()) {
    if (first !== lines.length)
      throw new Error(`${path} begins at ${first}, where ${lines.length} lines were before it`)
    const next = segments[place + 1]?.first ?? Number.POSITIVE_INFINITY
    for (let start = 0; lines.length < next; ) {
      const end = bytes.indexOf(10, start)
      if (end === -1) break
      lines.push(lineOf(bytes.toString('utf8', start, end), lines.length, path))
      start = end + 1
    }
  }
  return lines
}

function lineOf(text: string, index: number, path: string): Line {
  if (!/^\{"id":"[^"]+",.*,"nonce":"[\w-]{22}"\}$/s.test(text)) {
    throw new Error(`line ${index} in ${path} is not well-formed: ${JSON.stringify(text.slice(0, 300))}`)
  }
  return { index, text, record: JSON.parse(text) as TrailRecord }
}

/** What was said to somebody who relies on it. */
export interface Promised {
  /** What was handed to the trail, kept or not: its id, and its line without the nonce. */
  readonly given: ReadonlyMap<string, string>
  /** The ids of those that must be there. */
  readonly kept: Iterable<string>
  /** The ids of exchanges whose intent must be there, and which must have a record or be named as interrupted. */
  readonly begun?: Iterable<string>
}

const ownKinds = new Set('start stop recovery interrupted gap damage heartbeat'.split(' '))

/** Every way in which the lines break a promise, as sentences. */
export function faultsIn(lines: readonly Line[], { given, kept, begun = [] }: Promised): readonly string[] {
  const faults: string[] = []
  const places = new Map<string, number[]>()
  for (const { index, text, record } of lines) {
    const at = places.get(record.id)
    if (at === undefined) places.set(record.id, [index])
    else if (record.kind !== 'intent') {
      faults.push(`record ${record.id} is there twice: lines ${at} and ${index}`)
    } else at.push(index)
    const line = given.get(record.id)
    if (line === undefined && !ownKinds.has(record.kind ?? '')) faults.push(`nobody made line ${index}: ${text}`)
    if (line !== undefined && !text.startsWith(`${line.slice(0, -1)},"nonce":"`)) {
      faults.push(`line ${index} is not what was made: ${text}`)
    }
  }
  for (const id of kept) if (!places.has(id)) faults.push(`record ${id} is lost`)
  faults.push(...faultsOfIntents(lines, places, begun))
  if (lines[0]?.record.kind !== 'start') faults.push(`the first line is of kind ${lines[0]?.record.kind}`)
  return faults
}

function faultsOfIntents(
  lines: readonly Line[],
  places: ReadonlyMap<string, unknown>,
  begun: Iterable<string>,
): readonly string[] {
  const faults: string[] = []
  const intents = new Set<string>()
  const interrupted = new Set<string>()
  for (const { index, record } of lines) {
    const { kind, exchange = '' } = record
    if (kind === 'intent') intents.add(exchange)
    if (kind !== 'interrupted') continue
    if (interrupted.has(exchange)) faults.push(`exchange ${exchange} is interrupted twice`)
    if (places.has(exchange)) faults.push(`exchange ${exchange} is interrupted and has a record`)
    if (!intents.has(exchange)) faults.push(`line ${index} interrupts exchange ${exchange}, which has no intent`)
    interrupted.add(exchange)
  }
  for (const exchange of begun) {
    if (!intents.has(exchange)) faults.push(`the intent of exchange ${exchange} is lost`)
    else if (!places.has(exchange) && !interrupted.has(exchange)) {
      faults.push(`exchange ${exchange} has neither a record nor an interruption`)
    }
  }
  return faults
}
