import type { TrailLine, TrailReader } from '../../trail/read.ts'
import { type Command, CommandError, json, status } from '../command.ts'
import type { Io } from '../io.ts'
import { pretty } from '../pretty.ts'
import { partsOf, readRecord, textAt } from '../record.ts'
import { notAmong, recordId, trailAt } from '../trail-at.ts'

/** A record, and what belongs to the same exchange, in the order of the trail. */
interface Found {
  readonly record: TrailLine
  readonly related: readonly TrailLine[]
}

/** `griffier show <directory> <id>`. */
export const show: Command = {
  summary: 'Show a record, and what belongs to it',
  operands: ['directory', 'id'],
  options: { json },
  about: `On a terminal the record is laid out, and the records of the same exchange are listed: its events, its amendment, its intent,
or that it was interrupted. In a pipe each of them is its own line, byte by byte, the record first. Nothing is verified
here: that is what griffier verify and griffier prove are for.`,
  statuses: {
    0: 'shown',
    1: 'no record with that id up to the newest checkpoint',
    2: 'wrong use, or nothing could be read',
  },
  run: async ({ io, operands: [directory = '', text = ''], flag }) => {
    const id = recordId(text)
    const found = await find(id, await trailAt(directory))
    if (flag('json')) await io.out.writeData(`${jsonOf(found)}\n`)
    else if (io.out.isTerminal) await io.out.write(forPerson(found, io))
    else
      for (const { line } of [found.record, ...found.related])
        await io.out.writeData(Buffer.concat([line, Buffer.from('\n')]))
    return status.passed
  },
}

async function find(id: string, reader: TrailReader): Promise<Found> {
  const { size } = await reader.checkpoint()
  const lines = await mentions(id, size, reader)
  const record = lines.find(({ line }) => textAt(readRecord(line), 'id') === id)
  if (record === undefined) throw new CommandError(notAmong(id, size), status.failed)
  const exchange = textAt(readRecord(record.line), 'exchange')
  const related = exchange === undefined ? lines : await mentions(exchange, size, reader)
  return { record, related: withoutRepeated(related.filter(({ leaf }) => leaf !== record.leaf)) }
}

/** An open intent is repeated at the head of each segment; once is enough. */
function withoutRepeated(lines: readonly TrailLine[]): readonly TrailLine[] {
  const texts = lines.map(({ line }) => line.toString())
  return lines.filter((_, index) => texts.indexOf(texts[index] ?? '') === index)
}

/** The lines whose id or exchange this is. */
async function mentions(id: string, size: number, reader: TrailReader): Promise<TrailLine[]> {
  const found: TrailLine[] = []
  for await (const lines of reader.tail(0, size)) {
    for (const { leaf, line } of lines) {
      // A cheap look first: parsing each line would take many times longer.
      if (!line.includes(id)) continue
      const record = readRecord(line)
      if (textAt(record, 'id') === id || textAt(record, 'exchange') === id) found.push({ leaf, line })
    }
  }
  return found
}

function jsonOf({ record, related }: Found): string {
  const one = ({ leaf, line }: TrailLine): string => `{"leaf":${leaf},"record":${line.toString()}}`
  return `{"leaf":${record.leaf},"record":${record.line.toString()},"related":[${related.map(one).join(',')}]}`
}

function forPerson({ record, related }: Found, { out }: Io): string {
  const rows = related.map(({ leaf, line }) => {
    const { time, how, what } = partsOf(readRecord(line))
    return `  ${String(leaf).padStart(8)}  ${time}  ${how.padEnd(11)}  ${what}\n`
  })
  const heading = rows.length === 0 ? '' : `\n${out.paint('bold', 'Belongs to it')}\n`
  return `${out.paint('bold', `Record ${record.leaf}`)}\n${pretty(record.line, out)}\n${heading}${rows.join('')}`
}
