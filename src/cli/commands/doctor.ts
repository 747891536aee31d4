import { layoutOf } from '../../trail/layout.ts'
import { openReader } from '../../trail/read.ts'
import { type Command, json, status } from '../command.ts'
import { counted } from '../counted.ts'
import { checkKey, checkModes, checkNoKeyInside } from '../doctor/access.ts'
import { checkDamage, checkLeftovers, checkStatements, checkStrangers, checkTornTail } from '../doctor/contents.ts'
import { type Check, causeOf, type Finding, type Patient, warning } from '../doctor/finding.ts'
import { holderIn } from '../doctor/holder.ts'
import { checkHolder } from '../doctor/lock.ts'
import { checkDirectory, checkFileSystem, checkReserve, checkSpace, checkSuccessors } from '../doctor/place.ts'
import { checkAge, checkRecords } from '../doctor/records.ts'
import { type Output, type Style, writeJson } from '../io.ts'
import { successorNames } from '../successors.ts'
import { namedDirectory } from '../trail-at.ts'
import { visible } from '../visible.ts'

const checks: Readonly<Record<string, Check>> = {
  'trail.json and checkpoint': checkStatements,
  'files that do not belong': checkStrangers,
  'keys inside': checkNoKeyInside,
  'the signing key': checkKey,
  modes: checkModes,
  lock: checkHolder,
  records: checkRecords,
  "the checkpoint's age": checkAge,
  'the end of the last segment': checkTornTail,
  'control/': checkLeftovers,
  'damage/': checkDamage,
  successors: checkSuccessors,
  'the file system': checkFileSystem,
  'room on the disk': checkSpace,
  'the reserve': checkReserve,
}

const styles: Readonly<Record<Finding['severity'], Style>> = { fault: 'red', warning: 'yellow', note: 'dim' }
const order: readonly Finding['severity'][] = ['fault', 'warning', 'note']

/** `griffier doctor <directory>`. */
export const doctor: Command = {
  summary: 'Say what is wrong around a trail, and what to do',
  operands: ['directory'],
  options: { json },
  about: `It looks at what surrounds the records: modes, the key, the lock, the disk, leftovers of a crash, what the trail itself tells of
the last 7 days. It changes nothing. Whether the records are whole, griffier verify says.
A fault puts records or their proof at risk; a warning is not as it should be; a note is no reason to act.`,
  statuses: { 0: 'nothing is wrong; there may be notes', 1: 'a fault or a warning', 2: 'wrong use' },
  run: async ({ io, operands: [directory = ''], flag }) => {
    const findings = await examine(directory)
    const wrong = findings.filter(({ severity }) => severity !== 'note')
    if (flag('json')) await writeJson(io.out, { directory, findings })
    else await io.out.write(forPerson(findings, io.out))
    return wrong.length === 0 ? status.passed : status.failed
  },
}

async function examine(given: string): Promise<readonly Finding[]> {
  const directory = namedDirectory(given)
  const missing = await checkDirectory(directory)
  if (missing.length > 0) return missing
  const layout = layoutOf(directory)
  const reader = openReader(directory)
  const patient: Patient = {
    layout,
    reader,
    holder: await holderIn(layout.lock),
    successors: await successorNames(reader),
    now: Date.now(),
  }
  const findings: Finding[] = []
  for (const [name, check] of Object.entries(checks)) findings.push(...(await check(patient).catch(notLookedAt(name))))
  return findings.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
}

function notLookedAt(name: string): (error: unknown) => readonly Finding[] {
  return (error) => [
    warning(
      `${name} could not be looked at: ${causeOf(error)}`,
      'See the other findings, what griffier verify says, and whether doctor runs as the user that runs the app.',
    ),
  ]
}

function forPerson(findings: readonly Finding[], { paint }: Output): string {
  const lines = findings.map(({ severity, what, advice }) => {
    const label = paint(styles[severity], severity.padEnd(7))
    return `${label}  ${visible(what)}.\n${' '.repeat(9)}${visible(advice)}\n`
  })
  return [...lines, `${verdictOn(findings)}\n`].join('\n')
}

function verdictOn(findings: readonly Finding[]): string {
  const count = (wanted: Finding['severity']): number => findings.filter(({ severity }) => severity === wanted).length
  if (count('fault') + count('warning') === 0) return 'Nothing is wrong.'
  return `${counted(count('fault'), 'fault')}, ${counted(count('warning'), 'warning')}.`
}
