import { spawn } from 'node:child_process'
import * as fs from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { AuditError } from '../lib/errors.ts'
import { isSystemError } from '../lib/system-error.ts'
import { unref } from '../lib/timers.ts'
import { fateOf, holderOf, type LockHolder, maxHolderBytes, nameOf, parseHolder } from './lock-holder.ts'

/** A trail's lock, held until it is released or the process dies. */
export interface Lock {
  /** `flock` where the kernel keeps the lock, `file` where only the file's text stands for it. */
  readonly kind: LockHolder['lock']
  release(): Promise<void>
}

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = fs.constants
const flags = O_RDWR | (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0)
const heartbeatMs = 10_000
const settleMs = 200

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
    const isFree = before === undefined || (answer === 'ours' && before.lock === 'flock') || fateOf(before) === 'gone'
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
  writeHolder(descriptor, holderOf(process.pid, 'flock'))
  return { kind: 'flock', release: async () => release(descriptor) }
}

async function holdFile(path: string, descriptor: number): Promise<Lock> {
  const holder = holderOf(process.pid, 'file')
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

function writeHolder(descriptor: number, holder: LockHolder): void {
  const text = Buffer.from(`${JSON.stringify(holder)}\n`)
  fs.writeSync(descriptor, text, 0, text.length, 0)
  fs.ftruncateSync(descriptor, text.length)
}

function readHolder(descriptor: number): LockHolder | undefined {
  const bytes = Buffer.alloc(maxHolderBytes)
  return parseHolder(bytes.subarray(0, fs.readSync(descriptor, bytes, 0, bytes.length, 0)))
}

function locked(path: string, holder: LockHolder | undefined): AuditError {
  return new AuditError('TRAIL_LOCKED', { path, holder: holder === undefined ? 'another process' : nameOf(holder) })
}
