import type { Sink } from './sink.ts'
import { StandardOutput } from './standard-output.ts'
import { checkTextSinkOptions, type TextSinkOptions, textSink } from './text-sink.ts'

/** Settings of `stdoutSink`. */
export type StdoutSinkOptions = TextSinkOptions

/**
 * Lines on standard output. A record is safe once the operating system has it. `process.stdout` is left alone. On Linux a
 * pipe that is read slowly never blocks the process, and a line of up to 4,096 bytes goes out whole or not at all. (What the
 * app itself prints, Node may cut when the pipe is full; a line of ours can then stand in the middle of it.)
 * When nobody reads the pipe any more, that is reported once (`STDOUT_NOT_WRITTEN`) and records count as lost. At exit it
 * waits at most a second for a slow reader.
 */
export function stdoutSink(options: StdoutSinkOptions = {}): Sink {
  return descriptorSink(1, options)
}

/** The same for any descriptor that stands open. */
export function descriptorSink(descriptor: number, options: StdoutSinkOptions = {}): Sink {
  checkTextSinkOptions(options)
  const output = new StandardOutput(descriptor)
  return textSink(
    {
      name: 'stdout',
      writeLines: (lines, signal) => output.writeLines(lines, signal),
      writeLinesSync: (lines) => output.writeLinesSync(lines),
      close: async () => output.close(),
    },
    options,
  )
}
