import { randomUUID } from 'node:crypto'
import * as fs from 'node:fs'
import { hostname } from 'node:os'
import { isSystemError } from '../lib/system-error.ts'

/** What a lock file says of the process that has the lock. What a system does not tell is null. */
export interface LockHolder {
  readonly host: string
  readonly boot: string | null
  readonly pid: number
  /** When the process started, as the kernel counts. */
  readonly started: string | null
  /** The namespace that the process id is of. */
  readonly namespace: string | null
  /** `flock` where the kernel keeps the lock, `file` where only this text stands for it. */
  readonly lock: 'flock' | 'file'
  readonly token: string
}

/**
 * What became of a process, as far as can be told from here: only its own host can tell, and only of its own namespace. `rebooted`: by its name
 * it was of this host, before another boot; that may as well be another host of this name.
 */
export type Fate = 'alive' | 'gone' | 'rebooted' | 'elsewhere'

/** The largest lock file that is read, in bytes; what names a holder is much shorter. */
export const maxHolderBytes = 4_096

/** A process of this host as the holder of a lock. */
export function holderOf(pid: number, lock: LockHolder['lock']): LockHolder {
  return {
    host: hostname(),
    boot: bootHere(),
    pid,
    started: startOf(pid) ?? null,
    namespace: namespaceHere(),
    lock,
    token: randomUUID(),
  }
}

/** The holder that a lock file names; undefined where it names none. */
export function parseHolder(bytes: Uint8Array): LockHolder | undefined {
  try {
    const holder: LockHolder = JSON.parse(Buffer.from(bytes).toString())
    return Number.isSafeInteger(holder.pid) && typeof holder.host === 'string' ? holder : undefined
  } catch {
    return undefined
  }
}

/** A holder as a person reads it. */
export function nameOf({ pid, host }: LockHolder): string {
  return `process ${pid} on ${host}`
}

/** What became of a holder's process. One that is dead and not yet waited for by its parent is gone: it holds nothing any more. */
export function fateOf({ host, boot, pid, started, namespace }: LockHolder): Fate {
  if (host !== hostname() || namespace !== namespaceHere()) return 'elsewhere'
  if (boot !== bootHere()) return 'rebooted'
  const isAlive = startOf(process.pid) === undefined ? answers(pid) : startOf(pid) === started
  return isAlive ? 'alive' : 'gone'
}

/** When a process started; undefined where there is none, where it is dead already, and on systems that do not tell. */
function startOf(pid: number): string | undefined {
  const stat = textOf(`/proc/${pid}/stat`)
  // The name before it may hold anything, spaces and brackets included; the first of these is field 3 of proc_pid_stat(5).
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const isDead = fields?.[0] === 'Z' || fields?.[0] === 'X'
  return isDead ? undefined : fields?.[19]
}

function answers(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return !isSystemError(error, 'ESRCH')
  }
}

function bootHere(): string | null {
  return textOf('/proc/sys/kernel/random/boot_id') ?? null
}

function namespaceHere(): string | null {
  try {
    return fs.readlinkSync('/proc/self/ns/pid')
  } catch {
    return null
  }
}

function textOf(path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}
