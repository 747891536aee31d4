import { access, constants, lstat, readdir, stat, statfs } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { disk } from '../../trail/disk.ts'
import { counted } from '../counted.ts'
import { type Check, causeOf, type Finding, fault, note, warning } from './finding.ts'

const mebibyte = 2 ** 20
const scarce = { share: 0.05, bytes: 256 * mebibyte }
/** As many zeros as `reserve` holds; see docs/format.md. */
const reserveBytes = 65_536

/** Whether there is a directory to look at; what is found instead ends the examination. */
export async function checkDirectory(directory: string): Promise<readonly Finding[]> {
  const found = await stat(directory).catch(() => undefined)
  if (found?.isDirectory()) {
    const refusal = await access(directory, constants.R_OK | constants.X_OK).catch(causeOf)
    if (refusal === undefined) return []
    return [fault(`${directory} cannot be read: ${refusal}`, 'Run doctor as the user that runs the app.')]
  }
  if (found !== undefined) return [fault(`${directory} is no directory`, 'Give the directory that holds trail.json.')]
  const parent = dirname(resolve(directory))
  if ((await stat(parent).catch(() => undefined)) === undefined) {
    return [
      fault(
        `${directory} is missing, and so is ${parent}`,
        'Make the parent: a trail makes its own directory, and no other.',
      ),
    ]
  }
  return [fault(`${directory} is missing`, 'Check the path. A trail makes its directory when the app first starts.')]
}

export const checkFileSystem: Check = async ({ layout }) => {
  if ((await disk.fileSystem(layout.directory)) === 'local') return []
  return [
    warning(
      'the trail is on a network file system',
      'Move it to a local disk: locks and syncs of a network file system do not promise what a trail needs.',
    ),
  ]
}

export const checkSpace: Check = async ({ layout }) => {
  const { bavail, blocks, bsize } = await statfs(layout.directory)
  const free = bavail * bsize
  if (free > scarce.bytes && bavail > blocks * scarce.share) return []
  const what = `the disk has ${counted(Math.floor(free / mebibyte), 'MiB', 'MiB')} left`
  const advice = 'Make room, or move the trail: on a full disk records are lost or requests refused, as onFailure says.'
  return [free < mebibyte ? fault(what, advice) : warning(what, advice)]
}

export const checkReserve: Check = async ({ layout, holder }) => {
  const found = await lstat(layout.reserve).catch(() => undefined)
  if (found !== undefined && found.size >= reserveBytes) return []
  const what = 'the reserve is not there, which is given back when the disk is full'
  const advice = 'Make room on the disk; the writer fills it again by itself.'
  return [holder.mayWrite ? warning(what, advice) : note(what, advice)]
}

export const checkSuccessors: Check = async ({ layout }) => {
  const path = resolve(layout.directory)
  const start = `${basename(path)}.`
  const names = (await readdir(dirname(path))).filter(
    (name) => name.startsWith(start) && /^\d+$/.test(name.slice(start.length)),
  )
  if (names.length === 0) return []
  return [
    warning(
      `the trail was not continued: ${names.sort().join(', ')} beside it`,
      'The app reported TRAIL_NOT_CONTINUED with the reason when it started. Verify each of them, and keep all: the newest is the one that grows.',
    ),
  ]
}
