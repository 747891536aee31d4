import { verifyTrail } from '../../verify/verify-trail.ts'
import { type Command, json, status, verdictStatuses } from '../command.ts'
import { readGiven } from '../given-file.ts'
import { writeJson } from '../io.ts'
import { keyOption, readKeys } from '../keys.ts'
import { createProgress } from '../progress.ts'
import { trailDirectory } from '../trail-at.ts'
import { verdictReport } from '../verdict-report.ts'

/** `griffier verify <directory>`. */
export const verify: Command = {
  summary: 'Verify that a trail is whole, and that nothing in it was changed',
  operands: ['directory'],
  options: {
    key: keyOption,
    checkpoint: {
      type: 'string',
      multiple: true,
      value: '<file>',
      text: 'an older checkpoint of the trail, kept elsewhere: what it counts must still be there',
    },
    json,
  },
  about: `It reads all of the trail and writes nothing; the app may go on writing meanwhile. The key must come from outside of the trail, and
from a time before anything could have been changed: see griffier key. Without a key the best verdict is “consistent”. Without
an older checkpoint nothing shows that the directory is not an older state of itself.`,
  statuses: verdictStatuses,
  run: async ({ io, operands: [directory = ''], flag, values }) => {
    const keys = await readKeys(values('key'))
    const checkpoints = await Promise.all(
      values('checkpoint').map(async (name) => ({
        name,
        bytes: await readGiven(name, 'Give a copy of the file checkpoint of this trail.'),
      })),
    )
    const progress = createProgress(io.err)
    const place = await trailDirectory(directory)
    const verdict = await verifyTrail(place, { keys, checkpoints, progress: progress.show }).finally(progress.clear)
    if (flag('json')) await writeJson(io.out, verdict)
    else await io.out.write(verdictReport(verdict, io.out))
    return status[verdict.verdict]
  },
}
