import { lstat, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { unlessMissing } from '../../lib/system-error.ts'
import { disk } from '../../trail/disk.ts'
import { readFull, withFile } from '../../trail/small-file.ts'
import { counted } from '../counted.ts'
import { type Check, type Finding, fault, note, warning } from './finding.ts'

const forOthers = 0o077
/** A key is much shorter; no more of a file is looked at. */
const keyBytes = 4096

/** Directories 0700, files 0600. Windows has no such modes. */
export const checkModes: Check = async ({ layout }) => {
  if (process.platform === 'win32') return []
  const open: string[] = []
  for await (const path of everythingIn(layout.directory)) {
    // A writer at work takes away what was there a moment ago.
    const found = await unlessMissing(lstat(path))
    if (((found?.mode ?? 0) & forOthers) !== 0) open.push(relative(layout.directory, path) || 'the directory')
  }
  if (open.length === 0) return []
  const [first] = open
  return [
    warning(
      `others may reach into the trail: ${first}${open.length === 1 ? '' : ` and ${counted(open.length - 1, 'more', 'more')}`}`,
      `chmod -R go-rwx ${layout.directory}`,
    ),
  ]
}

/** The signing key lies beside the directory, for its owner alone; a successor has that of the first trail. */
export const checkKey: Check = async ({ layout }) => {
  const places = [...new Set([layout.directory, layout.directory.replace(/\.\d+$/, '')])].map((path) => `${path}.key`)
  const found = await Promise.all(places.map((path) => lstat(path).catch(() => undefined)))
  if (found.every((stats) => stats === undefined)) {
    const advice =
      'That is right where the key comes from the settings. Else the app cannot open the trail: bring the key back.'
    return [note(`there is no ${places[0]}`, advice)]
  }
  return places.flatMap((path, index) => openKey(path, found[index]?.mode ?? 0))
}

function openKey(path: string, mode: number): readonly Finding[] {
  if (process.platform === 'win32' || (mode & forOthers) === 0) return []
  const shown = (mode & 0o777).toString(8).padStart(4, '0')
  return [
    fault(
      `the signing key ${path} can be read by others (mode ${shown})`,
      `chmod 600 ${path}. Whoever read it can sign another trail in this one's name: think of a new key.`,
    ),
  ]
}

/** A signing key within the trail would go wherever the trail goes. */
export const checkNoKeyInside: Check = async ({ layout }) => {
  const findings: Finding[] = []
  for (const entry of await readdir(layout.directory, { withFileTypes: true })) {
    if (!entry.isFile() || !(await holdsKey(join(layout.directory, entry.name)))) continue
    findings.push(
      fault(
        `a private key is within the trail: ${entry.name}`,
        `Move it out of the directory; beside it, as ${layout.directory}.key, is its place. It went into every copy of the trail: think of a new key.`,
      ),
    )
  }
  return findings
}

async function holdsKey(path: string): Promise<boolean> {
  return withFile(disk, path, 'read', async (file) => {
    const bytes = Buffer.alloc(keyBytes)
    return bytes.subarray(0, await readFull(file, bytes, 0)).includes('PRIVATE KEY-----')
  })
}

async function* everythingIn(directory: string): AsyncGenerator<string> {
  yield directory
  for (const entry of (await unlessMissing(readdir(directory, { withFileTypes: true }))) ?? []) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) yield* everythingIn(path)
    else yield path
  }
}
