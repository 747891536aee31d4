import { parseVerifierKey } from '../../trail/verifier-key.ts'
import { type Command, CommandError, json, status } from '../command.ts'
import { say, writeJson } from '../io.ts'
import { trailAt } from '../trail-at.ts'

/** `griffier key <directory>`. */
export const key: Command = {
  summary: 'Print the verifier keys of a trail, one a line',
  operands: ['directory'],
  options: { json },
  about: `The keys are those that trail.json names. Print them once, when the trail is made, and keep them where who can
change the trail cannot: a key that is read from the trail itself on the day it is needed proves nothing.`,
  statuses: { 0: 'printed', 2: 'wrong use, or nothing could be read' },
  run: async ({ io, operands: [directory = ''], flag }) => {
    const { origin, keys } = await (await trailAt(directory)).header()
    if (keys.length === 0 || keys.some((text) => parseVerifierKey(text) === undefined)) {
      throw new CommandError(
        `trail.json of ${directory} names what is no verifier key. See griffier doctor ${directory}.`,
      )
    }
    if (flag('json')) {
      await writeJson(io.out, { origin, keys })
      return status.passed
    }
    await io.out.writeData(`${keys.join('\n')}\n`)
    await say('Keep this where the machine of the trail cannot change it, and give it to griffier verify as --key.', io)
    return status.passed
  },
}
