import { setTimeout as pause } from 'node:timers/promises'
import type { TrailLine, TrailReader } from '../../trail/read.ts'
import { type Command, CommandError, json, status } from '../command.ts'
import type { Output, Style } from '../io.ts'
import { partsOf, readRecord } from '../record.ts'
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
    follow: { type: 'boolean', short: 'f', text: 'go on with records as they come, until it is interrupted' },
    json: { ...json, text: 'each record as its own line of JSON, byte by byte' },
  },
  about: `It prints what the newest checkpoint covers, so nothing that could still be lost in a power cut; a new record shows after about
a second. It takes no lock and writes nothing: a trail that is being written is not disturbed.`,
  statuses: {
    0: 'ended, interrupted or not',
    1: 'the trail became shorter while it was followed',
    2: 'wrong use, or nothing could be read',
  },
  run: async ({ io, operands: [directory = ''], flag, value }) => {
    const last = count(value('lines') ?? '10')
    const reader = await trailAt(directory)
    const print = printer(io.out, flag('json'))
    const { size } = await reader.checkpoint()
    const ended = flag('follow') ? AbortSignal.any([io.interrupted(), io.out.gone]) : io.out.gone
    await printRange(reader, Math.max(0, size - last), size, print, ended)
    if (flag('follow')) await follow(reader, size, print, ended)
    return status.passed
  },
}

type Print = (line: TrailLine) => Promise<void>

async function follow(reader: TrailReader, from: number, print: Print, ended: AbortSignal): Promise<void> {
  let next = from
  while (!ended.aborted) {
    await pause(lookEveryMs, undefined, { signal: ended }).catch(() => undefined)
    const { size } = await reader.checkpoint()
    if (size < next)
      throw new CommandError(`the trail has ${size} records, and had ${next}. Run griffier verify.`, status.failed)
    await printRange(reader, next, size, print, ended)
    next = size
  }
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
