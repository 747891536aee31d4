import { mkdir, readdir, realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { reasonOf } from '../../lib/errors.ts'
import { isSystemError } from '../../lib/system-error.ts'
import { type Command, CommandError, json, status } from '../command.ts'
import { counted } from '../counted.ts'
import { say, writeJson } from '../io.ts'
import { TlogWriter } from '../tlog-writer.ts'
import { trailAt } from '../trail-at.ts'

/** `griffier export <directory> --tlog <target>`. */
export const exportTrail: Command = {
  summary: 'Copy a trail into a log that tools of others read',
  operands: ['directory'],
  options: {
    tlog: {
      type: 'string',
      value: '<target>',
      isRequired: true,
      text: 'a new or empty directory for a C2SP tlog-tiles log',
    },
    json,
  },
  about: `The copy is a complete tlog-tiles log up to the newest checkpoint: checkpoint, tile/<L>/<N> and tile/entries/<N>. Hashes are
made anew from the records, and the checkpoint is written last, after they led to its root. It holds every record: guard it
as the trail itself. Whether the checkpoint is signed by the right key, griffier verify says.`,
  statuses: { 0: 'exported', 1: 'the records do not lead to the checkpoint', 2: 'wrong use, or nothing could be read' },
  run: async ({ io, operands: [directory = ''], flag, value }) => {
    const target = value('tlog')
    if (target === undefined) throw new CommandError('say what to make and where: --tlog <target>.')
    const reader = await trailAt(directory)
    const { bytes, origin, size, root } = await reader.checkpoint()
    await makeTarget(target, directory)
    const log = new TlogWriter(target)
    for await (const lines of reader.tail(0, size)) {
      for (const { line } of lines) await log.append(line)
    }
    if (!(await log.finish()).equals(root)) {
      throw new CommandError(
        `the records of ${directory} do not lead to its checkpoint; ${target} has none. Run griffier verify.`,
        status.failed,
      )
    }
    await log.seal(bytes)
    if (flag('json')) await writeJson(io.out, { origin, size, target })
    else await say(`${counted(size, 'record')} of ${origin} exported to ${target}.`, io)
    return status.passed
  },
}

async function makeTarget(target: string, directory: string): Promise<void> {
  const inside = relative(await realpath(directory), await realPlaceOf(target))
  if (inside === '' || (inside.split(sep)[0] !== '..' && !isAbsolute(inside))) {
    throw new CommandError(`${target} is within the trail, where nothing else may be. Give a place outside of it.`)
  }
  await mkdir(target, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    const reason = isSystemError(error, 'EEXIST') ? 'it is no directory' : reasonOf(error)
    throw new CommandError(`${target} cannot be made: ${reason}. Give a new or empty directory.`)
  })
  if ((await readdir(target)).length > 0) throw new CommandError(`${target} is not empty. Give a new directory.`)
}

/** Where a path leads, whether something is there or is to be made. */
async function realPlaceOf(path: string): Promise<string> {
  const absolute = resolve(path)
  const found = await realpath(absolute).catch(() => undefined)
  if (found !== undefined || dirname(absolute) === absolute) return found ?? absolute
  return join(await realPlaceOf(dirname(absolute)), basename(absolute))
}
