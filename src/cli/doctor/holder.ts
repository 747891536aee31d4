import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { isSystemError } from '../../lib/system-error.ts'
import { disk } from '../../trail/disk.ts'
import { readSmall } from '../../trail/small-file.ts'
import { member, readRecord, textAt } from '../record.ts'

/** Who the lock file names. */
export interface Holder {
  readonly state: 'nobody' | 'alive' | 'gone' | 'elsewhere'
  /** Whether somebody may be writing now. */
  readonly isAlive: boolean
  /** As a person reads it; empty where nobody is named. */
  readonly name: string
}

/** What names a holder is much shorter. */
const maxBytes = 4096

/** Reads who holds a lock, from what its file says. It does not try the lock, which could keep a writer from it. */
export async function holderOf(path: string): Promise<Holder> {
  const found = await readSmall(disk, path, maxBytes)
  const named = typeof found === 'string' ? {} : readRecord(found)
  const pid = member(named, 'pid')
  if (typeof pid !== 'number') return { state: 'nobody', isAlive: false, name: '' }
  const host = textAt(named, 'host') ?? 'an unknown host'
  const name = `process ${pid} on ${host}`
  if (host !== hostname() || !(await sameNamespace(textAt(named, 'namespace'))))
    return { state: 'elsewhere', isAlive: true, name }
  const isSameBoot = await sameBoot(textAt(named, 'boot'))
  // Where only the file stands for the lock, another boot may be one of a machine that is still up.
  if (!isSameBoot && member(named, 'lock') === 'file') return { state: 'elsewhere', isAlive: true, name }
  const isAlive = isSameBoot && (await isRunning(pid, textAt(named, 'started')))
  return { state: isAlive ? 'alive' : 'gone', isAlive, name }
}

/** In another container the same number is another process. */
async function sameNamespace(namespace: string | undefined): Promise<boolean> {
  return namespace === undefined || namespace === (await readlink('/proc/self/ns/pid').catch(() => namespace))
}

async function sameBoot(boot: string | undefined): Promise<boolean> {
  if (boot === undefined) return true
  const now = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => boot)
  return now.trim() === boot.trim()
}

/** A process id may have been given to another process since: then the time of its start is another. */
async function isRunning(pid: number, started: string | undefined): Promise<boolean> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (line === undefined) return process.platform !== 'linux' && answers(pid)
  // Fields as in proc(5); the second, a name in parentheses, may hold spaces. The start is the 22nd.
  const start = line.slice(line.lastIndexOf(')') + 2).split(' ')[19]
  return started === undefined || !/^\d+$/.test(started) || started === start
}

function answers(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return !isSystemError(error, 'ESRCH')
  }
}
