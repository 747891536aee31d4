import { setTimeout as pause } from 'node:timers/promises'
import { reasonOf } from '../../lib/errors.ts'
import type { TrailLine, TrailReader } from '../../trail/read.ts'
import { type Command, CommandError, json, status } from '../command.ts'
import { counted } from '../counted.ts'
import { type Io, type Output, type Style, say } from '../io.ts'
import { partsOf, readRecord } from '../record.ts'
import { isNext, type Successor, successorsBeside } from '../successors.ts'
import { trailAt } from '../trail-at.ts'

/** Checkpoints are at least a second apart; looking twice as often is late by half of it at most. */
const lookEveryMs = 500
const styles: Readonly<Record<string, Style>> = {
  success: 'green',
  denied: 'magenta',
  failure: 'red',
  aborted: 'yellow',
  gap: 'red',
  damage: 'red',
  interrupted: 'yellow',
}

/** `griffier tail <directory>`. */
export const tail: Command = {
  summary: 'Print the last records of a trail, and those that come',
  operands: ['directory'],
  options: {
    lines: { type: 'string', short: 'n', value: '<number>', text: 'how many of the last records; 10 by default' },
    follow: {
      type: 'boolean',
      short: 'f',
      text: 'go on with records as they come, in successors too, until interrupted',
    },
    json: { ...json, text: 'each record as its own line of JSON, byte by byte' },
  },
  about: `It prints what the newest checkpoint covers, so nothing that could still be lost in a power cut; a new record shows after about
a second. It takes no lock and writes nothing: a trail that is being written is not disturbed.`,
  statuses: {
    0: 'ended, interrupted or not',
    1: 'the trail became shorter while it was followed, or a successor follows another state of it',
    2: 'wrong use, or nothing could be read',
  },
  run: async ({ io, operands: [directory = ''], flag, value }) => {
    const last = count(value('lines') ?? '10')
    const reader = await trailAt(directory)
    const print = printer(io.out, flag('json'))
    const shown = await reader.checkpoint()
    const ended = flag('follow') ? AbortSignal.any([io.interrupted(), io.out.gone]) : io.out.gone
    await printRange(reader, Math.max(0, shown.size - last), shown.size, print, ended)
    if (flag('follow')) await new Follower(reader, shown, print, io).follow(ended)
    else await nameSuccessor(reader, shown, io)
    return status.passed
  },
}

type Print = (line: TrailLine) => Promise<void>
type Shown = Awaited<ReturnType<TrailReader['checkpoint']>>

/** Goes on with what comes, into the successor of a trail that is not continued. */
class Follower {
  #reader: TrailReader
  /** What all of was shown. */
  #shown: Shown
  readonly #print: Print
  readonly #io: Io

  constructor(reader: TrailReader, shown: Shown, print: Print, io: Io) {
    this.#reader = reader
    this.#shown = shown
    this.#print = print
    this.#io = io
  }

  async follow(ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      // Before the checkpoint: a trail that has a successor does not grow any more.
      const successors = await successorsBeside(this.#reader.directory)
      await this.#showNew(successors, ended)
      const next = successors.find((successor) => isNext(successor, this.#shown))
      const other = successors.findLast(({ follows }) => follows.origin === this.#shown.origin)
      if (next !== undefined) await this.#goOnIn(next)
      else if (other !== undefined) throw this.#differs(other)
      else await pause(lookEveryMs, undefined, { signal: ended }).catch(() => undefined)
    }
  }

  async #showNew(successors: readonly Successor[], ended: AbortSignal): Promise<void> {
    const { size } = this.#shown
    const found = await this.#reader.checkpoint().catch((error: unknown) => {
      throw new CommandError(`${reasonOf(error)}${hintAt(successors)}`)
    })
    if (found.size < size) {
      const reason = `the trail has ${found.size} records, and had ${size}. Run griffier verify.`
      throw new CommandError(`${reason}${hintAt(successors)}`, status.failed)
    }
    await printRange(this.#reader, size, found.size, this.#print, ended)
    this.#shown = found
  }

  async #goOnIn({ reader }: Successor): Promise<void> {
    await say(notContinued(this.#shown, reader), this.#io)
    this.#reader = reader
    this.#shown = { ...(await reader.checkpoint()), size: 0 }
  }

  #differs({ reader: { directory } }: Successor): CommandError {
    const { size } = this.#shown
    return new CommandError(
      `${directory} follows another state of the trail than these ${size} records. Run griffier verify on both, and griffier tail on ${directory}.`,
      status.failed,
    )
  }
}

async function nameSuccessor({ directory }: TrailReader, shown: Shown, io: Io): Promise<void> {
  const next = (await successorsBeside(directory)).findLast(({ follows }) => follows.origin === shown.origin)
  if (next !== undefined) await say(notContinued(shown, next.reader), io)
}

function notContinued({ size }: Shown, { directory }: TrailReader): string {
  return `The trail was not continued after ${counted(size, 'record')}; ${directory} follows it.`
}

function hintAt(successors: readonly Successor[]): string {
  const last = successors.at(-1)
  return last === undefined ? '' : ` A successor is beside it: ${last.reader.directory}.`
}

async function printRange(
  reader: TrailReader,
  from: number,
  to: number,
  print: Print,
  ended: AbortSignal,
): Promise<void> {
  if (from === to) return
  for await (const lines of reader.tail(from, to)) {
    for (const line of lines) {
      if (ended.aborted) return
      await print(line)
    }
  }
}

function printer(out: Output, asJson: boolean): Print {
  if (asJson) return ({ line }) => out.writeData(Buffer.concat([line, Buffer.from('\n')]))
  return ({ line }) => {
    const { time, how, what } = partsOf(readRecord(line))
    const style = styles[how]
    const outcome = how.padEnd(9)
    return out.write(
      `${out.paint('dim', time)}  ${style === undefined ? outcome : out.paint(style, outcome)}  ${what}\n`,
    )
  }
}

function count(text: string): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number
  throw new CommandError(`“${text}” is no number of records. Give --lines a whole number, as in -n 100.`)
}
