import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { temporaryDirectory } from '../../test/support/temporary.ts'
import { type Lock, takeLock } from './lock.ts'

const tsx = resolve(import.meta.dirname, '../../node_modules/tsx/dist/loader.mjs')
const lockModule = resolve(import.meta.dirname, 'lock.ts')

async function take(path: string): Promise<Lock> {
  const lock = await takeLock(path)
  let released = false
  const release = async () => {
    if (!released) await lock.release()
    released = true
  }
  onTestFinished(release)
  return { kind: lock.kind, release }
}

/** A process of its own that has the lock, or was refused it, and then waits. */
async function processWithLock(path: string): Promise<{ child: ChildProcess; answer: string }> {
  const program = `import(${JSON.stringify(lockModule)}).then(({ takeLock }) => takeLock(${JSON.stringify(path)}))
    .then((lock) => lock.kind, (error) => error.code).then((answer) => { process.stdout.write(answer); setInterval(() => {}, 1e6) })`
  const child = spawn(process.execPath, ['--import', tsx, '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [answer] = await once(child.stdout, 'data')
  return { child, answer: String(answer) }
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

function lockPath(): string {
  return join(temporaryDirectory(), 'lock')
}

function holderIn(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8'))
}

function withoutCommands(): void {
  vi.stubEnv('PATH', '')
  onTestFinished(() => void vi.unstubAllEnvs())
}

describe.each(['flock', 'file'] as const)('a lock kept by %s', (kind) => {
  const prepare = kind === 'file' ? withoutCommands : () => undefined

  it('is had by one in a process, and can be taken again when it was given back', async () => {
    prepare()
    const path = lockPath()
    const lock = await take(path)
    expect(lock.kind).toBe(kind)
    await expect(takeLock(path)).rejects.toMatchObject({ code: 'TRAIL_LOCKED' })
    await lock.release()
    expect((await take(path)).kind).toBe(kind)
  })

  it('says who has it', async () => {
    prepare()
    const path = lockPath()
    await take(path)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(path, 'utf8').endsWith('}\n')).toBe(true)
    expect(holderIn(path)).toMatchObject({ host: hostname(), pid: process.pid })
    await expect(takeLock(path)).rejects.toThrow(`process ${process.pid} on ${hostname()}`)
  })

  it('is had by one of two processes, and free as soon as that one is killed', async () => {
    prepare()
    const path = lockPath()
    const first = await processWithLock(path)
    expect(first.answer).toBe(kind)
    expect((await processWithLock(path)).answer).toBe('TRAIL_LOCKED')
    await expect(takeLock(path)).rejects.toThrow(`process ${first.child.pid} on`)
    await kill(first.child)
    expect((await take(path)).kind).toBe(kind)
  })

  it('is had by one of many that want it at once', async () => {
    prepare()
    const path = lockPath()
    const answers = await Promise.allSettled(Array.from({ length: 8 }, () => take(path)))
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('is not looked for behind a link', async () => {
    prepare()
    const path = lockPath()
    const elsewhere = join(temporaryDirectory(), 'elsewhere')
    writeFileSync(elsewhere, 'kept')
    symlinkSync(elsewhere, path)
    await expect(takeLock(path)).rejects.toMatchObject({ code: 'ELOOP' })
    expect(readFileSync(elsewhere, 'utf8')).toBe('kept')
  })

  it('needs a file', async () => {
    prepare()
    const path = lockPath()
    mkdirSync(path)
    await expect(takeLock(path)).rejects.toMatchObject({ code: 'EISDIR' })
  })
})

describe('a lock that only a file stands for', () => {
  async function leftBy(change: (holder: Record<string, unknown>) => Record<string, unknown>): Promise<string> {
    withoutCommands()
    const path = lockPath()
    const { child } = await processWithLock(path)
    await kill(child)
    writeFileSync(path, `${JSON.stringify(change(holderIn(path)))}\n`)
    return path
  }

  it('is void when its process is gone, even if another has the number now', async () => {
    const path = await leftBy((holder) => ({ ...holder, pid: process.pid }))
    expect((await take(path)).kind).toBe('file')
  })

  it.each([
    ['another host', { host: 'elsewhere.example.org' }],
    ['another boot', { boot: '00000000-0000-0000-0000-000000000000' }],
    ['another namespace of processes', { namespace: 'pid:[1]' }],
  ])('stays in force when it is of %s', async (_, change) => {
    const path = await leftBy((holder) => ({ ...holder, ...change }))
    await expect(takeLock(path)).rejects.toMatchObject({ code: 'TRAIL_LOCKED' })
    expect(holderIn(path)).toMatchObject(change)
  })

  it('is respected where there is flock', async () => {
    withoutCommands()
    const path = lockPath()
    await take(path)
    vi.unstubAllEnvs()
    await expect(takeLock(path)).rejects.toMatchObject({ code: 'TRAIL_LOCKED' })
  })

  it('does not override one of flock', async () => {
    const path = lockPath()
    await take(path)
    withoutCommands()
    await expect(takeLock(path)).rejects.toMatchObject({ code: 'TRAIL_LOCKED' })
  })

  it('is written over when its text is none', async () => {
    withoutCommands()
    const path = lockPath()
    writeFileSync(path, '{"host":')
    expect((await take(path)).kind).toBe('file')
  })
})

it('what flock left behind does not matter, wherever it was written', async () => {
  const path = lockPath()
  writeFileSync(path, '{"host":"elsewhere.example.org","boot":"b","pid":1,"started":"1","lock":"flock","token":"t"}\n')
  expect((await take(path)).kind).toBe('flock')
})
