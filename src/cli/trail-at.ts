import { access, constants, readdir, stat } from 'node:fs/promises'
import { basename, dirname, normalize, resolve } from 'node:path'
import { reasonOf } from '../lib/errors.ts'
import { openReader, type TrailLine, type TrailReader } from '../trail/read.ts'
import { CommandError, status } from './command.ts'

const idForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Without one of these a directory is no trail, not even a damaged one. */
const essential = ['trail.json', 'checkpoint', 'segments']

/** Why no trail can be read. */
export interface Obstacle {
  /** What is so; a sentence without its full stop. */
  readonly what: string
  /** What to do, in whole sentences. */
  readonly advice: string
}

/** A reader of the trail in a directory. Throws a `CommandError` where there is none that can be read. */
export async function trailAt(given: string): Promise<TrailReader> {
  return openReader(await trailDirectory(given))
}

/** The directory that was given, as `namedDirectory` has it. Throws a `CommandError` where it holds no trail that can be read. */
export async function trailDirectory(given: string): Promise<string> {
  const directory = namedDirectory(given)
  const obstacle = await obstacleAt(directory)
  if (obstacle === undefined) return directory
  throw new CommandError(`${obstacle.what}. ${obstacle.advice}`)
}

/** The same directory by a path that ends with its name, so that what is beside it has the same path and more. */
export function namedDirectory(given: string): string {
  const path = normalize(given).replace(/(?<=.)\/+$/, '')
  return ['.', '..'].includes(basename(path)) ? resolve(path) : path
}

/** What is in the way of reading a trail in a directory; undefined where nothing is. */
export async function obstacleAt(directory: string): Promise<Obstacle | undefined> {
  const found = await stat(directory).catch(() => undefined)
  if (found === undefined) return missing(directory)
  if (!found.isDirectory()) {
    return { what: `${directory} is no directory`, advice: 'Give the directory that holds trail.json.' }
  }
  try {
    await access(directory, constants.R_OK | constants.X_OK)
    const names = await readdir(directory)
    if (essential.some((name) => names.includes(name))) return undefined
  } catch (error) {
    return { what: `${directory} cannot be read: ${reasonOf(error)}`, advice: 'Do this as the user that runs the app.' }
  }
  return { what: `${directory} holds no trail`, advice: 'Give the directory that holds trail.json.' }
}

async function missing(directory: string): Promise<Obstacle> {
  const parent = dirname(resolve(directory))
  if ((await stat(parent).catch(() => undefined)) !== undefined) {
    return {
      what: `${directory} is missing`,
      advice: 'Check the path. A trail makes its directory when the app first starts.',
    }
  }
  return {
    what: `${directory} is missing, and so is ${parent}`,
    advice: 'Make the parent: a trail makes its own directory, and no other.',
  }
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
