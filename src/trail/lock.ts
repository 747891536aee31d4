import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import * as fs from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { AuditError } from '../lib/errors.ts'
import { isSystemError } from '../lib/system-error.ts'
import { unref } from '../lib/timers.ts'

/** A trail's lock, held until it is released or the process dies. */
export interface Lock {
  /** `flock` where the kernel keeps the lock, `file` where only the file's text stands for it. */
  readonly kind: 'flock' | 'file'
  release(): Promise<void>
}

/** What the lock file says of its holder. Where a system does not tell something, it is null. */
interface Holder {
  readonly host: string
  readonly boot: string | null
  readonly pid: number
  /** When the process started, as the kernel counts. */
  readonly started: string | null
  /** The namespace that the process id is of. */
  readonly namespace: string | null
  readonly lock: Lock['kind']
  readonly token: string
}

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = fs.constants
const flags = O_RDWR | (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0)
const heartbeatMs = 10_000
const settleMs = 200
const maxHolderBytes = 4_096

/**
 * Takes the lock of a trail, whose lock file is made where it is missing. The kernel keeps it, by `flock`, and frees it however the process
 * ends. Where there is no `flock` command, a file that names the process stands for it; it is void when this host, since the same boot, has no
 * such process any more. Throws `TRAIL_LOCKED` where another has the lock, in this process or elsewhere, and what the system says of the file.
 */
export async function takeLock(path: string): Promise<Lock> {
  const descriptor = fs.openSync(path, flags | O_CREAT, 0o600)
  try {
    const answer = await flock(descriptor)
    const before = readHolder(descriptor)
    if (answer === 'taken') throw locked(path, before)
    const isFree = before === undefined || (answer === 'ours' && before.lock === 'flock') || isGone(before)
    if (!isFree) throw locked(path, before)
    return answer === 'ours' ? holdFlock(descriptor) : await holdFile(path, descriptor)
  } catch (error) {
    fs.closeSync(descriptor)
    throw error
  }
}

/** The command locks the open file that it inherits, which stays locked as long as our descriptor is open. */
function flock(descriptor: number): Promise<'ours' | 'taken' | 'missing'> {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['-n', '-x', '3'], { stdio: ['ignore', 'ignore', 'ignore', descriptor] })
    child.once('error', (error) => (isSystemError(error, 'ENOENT') ? resolve('missing') : reject(error)))
    child.once('exit', (code) => resolve(code === 0 ? 'ours' : code === 1 ? 'taken' : 'missing'))
  })
}

function holdFlock(descriptor: number): Lock {
  writeHolder(descriptor, newHolder('flock'))
  return { kind: 'flock', release: async () => release(descriptor) }
}

async function holdFile(path: string, descriptor: number): Promise<Lock> {
  const holder = newHolder('file')
  writeHolder(descriptor, holder)
  // Of several that saw the same void lock, the last one to write has it.
  await wait(settleMs)
  const after = readHolder(descriptor)
  if (after?.token !== holder.token) throw locked(path, after)
  const heartbeat = unref(setInterval(() => touch(descriptor), heartbeatMs))
  return {
    kind: 'file',
    release: async () => {
      clearInterval(heartbeat)
      release(descriptor)
    },
  }
}

/** What is left has no text: nobody's. */
function release(descriptor: number): void {
  fs.ftruncateSync(descriptor)
  fs.closeSync(descriptor)
}

/** Shows whoever looks at the file that its process is at work; nothing else depends on it. */
function touch(descriptor: number): void {
  const now = Date.now() / 1000
  fs.futimes(descriptor, now, now, () => undefined)
}

function newHolder(lock: Lock['kind']): Holder {
  const { pid } = process
  const boot = textOf('/proc/sys/kernel/random/boot_id') ?? null
  return {
    host: hostname(),
    boot,
    pid,
    started: startOf(pid) ?? null,
    namespace: namespace(),
    lock,
    token: randomUUID(),
  }
}

function writeHolder(descriptor: number, holder: Holder): void {
  const text = Buffer.from(`${JSON.stringify(holder)}\n`)
  fs.writeSync(descriptor, text, 0, text.length, 0)
  fs.ftruncateSync(descriptor, text.length)
}

function readHolder(descriptor: number): Holder | undefined {
  const bytes = Buffer.alloc(maxHolderBytes)
  const length = fs.readSync(descriptor, bytes, 0, bytes.length, 0)
  try {
    const holder: Holder = JSON.parse(bytes.toString('utf8', 0, length))
    return Number.isSafeInteger(holder.pid) && typeof holder.host === 'string' ? holder : undefined
  } catch {
    return undefined
  }
}

/** Whether the process surely is no more: only its own host can tell, and not after another boot. */
function isGone(holder: Holder): boolean {
  const here = newHolder('file')
  if (holder.host !== here.host || holder.boot !== here.boot || holder.namespace !== here.namespace) return false
  if (here.started === null) return !isAlive(holder.pid)
  return startOf(holder.pid) !== holder.started
}

/** When a process started; undefined where there is none, where it is dead already, and on systems that do not tell. */
function startOf(pid: number): string | undefined {
  const stat = textOf(`/proc/${pid}/stat`)
  // The name before it may hold anything, spaces and brackets included; the first of these is field 3 of proc_pid_stat(5).
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const isDead = fields?.[0] === 'Z' || fields?.[0] === 'X'
  return isDead ? undefined : fields?.[19]
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return !isSystemError(error, 'ESRCH')
  }
}

function namespace(): string | null {
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

function locked(path: string, holder: Holder | undefined): AuditError {
  const name = holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`
  return new AuditError('TRAIL_LOCKED', { path, holder: name })
}
