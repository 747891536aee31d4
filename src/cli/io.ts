import { once } from 'node:events'
import { styleText } from 'node:util'
import { isSystemError } from '../lib/system-error.ts'
import { visible } from './visible.ts'

/** A style of `node:util`. */
export type Style = Parameters<typeof styleText>[0]

/** Where a command writes. */
export interface Output {
  /** Whether a person looks at it. */
  readonly isTerminal: boolean
  /** Aborted when nobody reads any more: there is no use in going on. */
  readonly gone: AbortSignal
  /** Why it could not be written; a reader that left is no failure. */
  readonly failure: Error | undefined
  /** Text that is fit for a terminal. Resolves when more may be written, and never rejects. */
  write(text: string): Promise<void>
  /** What programs read, lines and all: byte by byte in a pipe, made visible on a terminal. */
  writeData(data: string | Uint8Array): Promise<void>
  /** The text in a style where the output shows styles, else the text alone. */
  paint(style: Style, text: string): string
}

/** What a command has of the process. */
export interface Io {
  readonly out: Output
  readonly err: Output
  /** Aborted by the first SIGINT or SIGTERM from the call on, which then end the process no more. */
  interrupted(): AbortSignal
}

type Environment = Readonly<Record<string, string | undefined>>

/** The process's own streams. */
export function processIo(): Io {
  return {
    out: createOutput(process.stdout, process.env),
    err: createOutput(process.stderr, process.env),
    interrupted: () => {
      const controller = new AbortController()
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort())
      return controller.signal
    },
  }
}

function createOutput(stream: NodeJS.WriteStream, environment: Environment): Output {
  const gone = new AbortController()
  const inColour = showsColour(stream, environment)
  let failure: Error | undefined
  stream.on('error', (error) => {
    if (!isSystemError(error, 'EPIPE')) failure = error
    gone.abort()
  })
  const isTerminal = stream.isTTY === true
  const write = async (data: string | Uint8Array): Promise<void> => {
    if (gone.signal.aborted || stream.write(data)) return
    await once(stream, 'drain', { signal: gone.signal }).catch(() => undefined)
  }
  return {
    isTerminal,
    gone: gone.signal,
    get failure() {
      return failure
    },
    write,
    writeData: (data) => write(isTerminal ? visibleLines(data) : data),
    // What shows colour was decided for this stream; Node would ask standard output.
    paint: (style, text) => (inColour ? styleText(style, text, { validateStream: false }) : text),
  }
}

/** One line of JSON, for programs. */
export function writeJson(out: Output, value: unknown): Promise<void> {
  return out.writeData(`${JSON.stringify(value)}\n`)
}

/** One line that says what was done, beside what a command gives. */
export function say(text: string, { err }: Io): Promise<void> {
  return err.write(`${visible(text)}\n`)
}

function visibleLines(data: string | Uint8Array): string {
  return Buffer.from(data).toString().split('\n').map(visible).join('\n')
}

/** See no-color.org and force-color.org; FORCE_COLOR wins, as in Node itself. */
function showsColour(stream: NodeJS.WriteStream, environment: Environment): boolean {
  const { FORCE_COLOR: force, NO_COLOR: none, TERM: terminal } = environment
  if (force !== undefined) return force !== '0' && force !== 'false'
  return stream.isTTY === true && (none === undefined || none === '') && terminal !== 'dumb'
}
