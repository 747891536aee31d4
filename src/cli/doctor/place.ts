import { lstat, statfs } from 'node:fs/promises'
import { disk } from '../../trail/disk.ts'
import { reserveBytes } from '../../trail/reserve.ts'
import { counted } from '../counted.ts'
import { obstacleAt } from '../trail-at.ts'
import { type Check, type Finding, fault, note, warning } from './finding.ts'

const mebibyte = 2 ** 20
const scarce = { share: 0.05, bytes: 256 * mebibyte }

/** Whether there is a trail to look at; what is found instead ends the examination. */
export async function checkDirectory(directory: string): Promise<readonly Finding[]> {
  const obstacle = await obstacleAt(directory)
  return obstacle === undefined ? [] : [fault(obstacle.what, obstacle.advice)]
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

export const checkSuccessors: Check = async ({ successors }) => {
  if (successors.length === 0) return []
  return [
    warning(
      `the trail was not continued: ${successors.join(', ')} beside it`,
      'The app reported TRAIL_NOT_CONTINUED with the reason when it started. Verify each of them, and keep all: the newest is the one that grows.',
    ),
  ]
}
