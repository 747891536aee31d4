import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'
import { bundled } from '../support/bundled.ts'
import { namedPipe, temporaryDirectory } from '../support/temporary.ts'

const bundle = bundled(new URL('./child.ts', import.meta.url))

/** Where the bundle of `child.ts` is, for children that load it by themselves. */
export const childModule: string = pathToFileURL(bundle).href

/** Starts a process that runs this code, with what `child.ts` exports and `path` in scope. */
export function start(code: string, path: string, options: SpawnOptions = {}): ChildProcess {
  const script = `import * as child from ${JSON.stringify(childModule)}
const { open, openSink, pushRecords } = child
const path = ${JSON.stringify(path)}
${code}`
  const started = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    ...options,
  })
  onTestFinished(() => {
    started.kill('SIGKILL')
  })
  return started
}

/** The same on stdout, which is a real pipe (Node itself would give the child a socket); it is read when somebody asks. */
export function startOnPipe(code: string): { readonly child: ChildProcess; readonly stdout: Socket } {
  const pipe = namedPipe()
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(pipe, constants.O_WRONLY)
  const child = start(code, '-', { stdio: ['pipe', writer, 'pipe', 'ipc'] })
  closeSync(writer)
  const stdout = new Socket({ fd: reader, readable: true, writable: false })
  onTestFinished(() => {
    stdout.destroy()
  })
  return { child, stdout }
}

/** The same, read by a process of its own to its end, since a child that exits waits for a slow reader for a second: what came, and how the child ended. */
export async function runOnPipe(
  code: string,
): Promise<{ readonly text: string; readonly end: Awaited<ReturnType<typeof endOf>> }> {
  const pipe = namedPipe()
  const copy = join(temporaryDirectory(), 'copy')
  const [input, output] = [openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK), openSync(copy, 'w')]
  const writer = openSync(pipe, constants.O_WRONLY)
  const blocking = openSync(pipe, constants.O_RDONLY)
  const reader = spawn('cat', { stdio: [blocking, output, 'inherit'] })
  const child = start(code, '-', { stdio: ['pipe', writer, 'pipe', 'ipc'] })
  for (const descriptor of [input, output, writer, blocking]) closeSync(descriptor)
  const read = once(reader, 'exit')
  const end = await endOf(child)
  await read
  return { text: readFileSync(copy, 'utf8'), end }
}

/** Everything that a stream of a child gives. */
export async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream ?? []) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

/** How a child ended. */
export async function endOf(started: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  if (started.exitCode === null && started.signalCode === null) await once(started, 'exit')
  return { code: started.exitCode, signal: started.signalCode }
}
