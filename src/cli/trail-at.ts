import { stat } from 'node:fs/promises'
import { openReader, type TrailLine, type TrailReader } from '../trail/read.ts'
import { CommandError, status } from './command.ts'

const idForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A reader of the trail in a directory. Throws a `CommandError` where there is none. */
export async function trailAt(directory: string): Promise<TrailReader> {
  const found = await stat(directory).catch(() => undefined)
  if (found === undefined) throw new CommandError(`there is no ${directory}. Give the directory of a trail.`)
  if (!found.isDirectory()) throw new CommandError(`${directory} is no directory. Give the one that holds trail.json.`)
  return openReader(directory)
}

/** The id of a record as trails have it. Throws a `CommandError` where it can be none. */
export function recordId(text: string): string {
  const id = text.toLowerCase()
  if (idForm.test(id)) return id
  throw new CommandError(
    `“${text}” is no id of a record. Give all of its “id”, as in 019ab000-0000-7000-8000-000000000001.`,
  )
}

/** The first line with this id among the first `size` ones. Throws a `CommandError` where none has it. */
export async function lineOf(id: string, size: number, reader: TrailReader): Promise<TrailLine> {
  const start = Buffer.from(`{"id":"${id}"`)
  for await (const lines of reader.tail(0, size)) {
    const found = lines.find(({ line }) => line.subarray(0, start.length).equals(start))
    if (found !== undefined) return found
  }
  throw new CommandError(notAmong(id, size), status.failed)
}

/** What is said of a record that was not found. */
export function notAmong(id: string, size: number): string {
  const counted = size === 1 ? 'the 1 record' : `the ${size} records`
  return `${id} is not among ${counted} up to the newest checkpoint. A new record is, about a second after it was written; an older one may be in another trail.`
}
