import { readdir, stat } from 'node:fs/promises'
import { AuditError } from '../../lib/errors.ts'
import { disk } from '../../trail/disk.ts'
import { firstOfSegment, kindOf, type Layout } from '../../trail/layout.ts'
import { maxLineBytes } from '../../trail/line.ts'
import { segmentsOf } from '../../trail/segments.ts'
import { readFull, withFile } from '../../trail/small-file.ts'
import { counted } from '../counted.ts'
import { type Check, causeOf, type Finding, fault, note, warning } from './finding.ts'

const maxNamed = 5

/** trail.json and the checkpoint are there, and of their form. */
export const checkStatements: Check = async ({ reader }) => {
  const looks = [
    ['trail.json', () => reader.header()],
    ['checkpoint', () => reader.checkpoint()],
  ] as const
  const findings: Finding[] = []
  for (const [name, look] of looks) {
    try {
      await look()
    } catch (error) {
      findings.push(notOfTrail(name, error))
    }
  }
  return findings
}

function notOfTrail(name: string, error: unknown): Finding {
  if (error instanceof AuditError && error.code === 'TRAIL_VERSION_UNKNOWN') {
    return fault(
      `${name} is of a format that this release does not know`,
      'Use the release that made it, or a newer one.',
    )
  }
  return fault(
    `${name} cannot be read: ${causeOf(error)}`,
    'Without it the trail is not continued: the app goes on in a successor. Bring it back from a copy, as it was.',
  )
}

/** Whatever the format does not name makes verify fail. */
export const checkStrangers: Check = async ({ layout }) => {
  const top = (await readdir(layout.directory)).filter((name) => !kindOf.has(name))
  const segments = (await namesIn(layout.segments)).filter((name) => firstOfSegment(name) === undefined)
  const strange = [...top, ...segments.map((name) => `segments/${name}`)]
  if (strange.length === 0) return []
  const [verb, them] = strange.length === 1 ? ['does', 'it'] : ['do', 'them']
  return [
    fault(`${listed(strange)} ${verb} not belong in a trail`, `Move ${them} away: until then griffier verify fails.`),
  ]
}

/** The beginning of a line at the end, which a crash leaves. */
export const checkTornTail: Check = async ({ layout, holder }) => {
  const bytes = holder.mayWrite ? 0 : await tornBytes(layout)
  if (bytes === 0) return []
  return [
    note(
      `the last line is torn: ${counted(bytes, 'byte')} without an end`,
      'The next start cuts it off, and says so in a recovery record.',
    ),
  ]
}

export const checkLeftovers: Check = async ({ layout, holder }) => {
  const names = holder.mayWrite ? [] : await namesIn(layout.control)
  if (names.length === 0) return []
  return [
    note(
      `control/ holds what was being made: ${listed(names)}`,
      'A crash leaves that behind; the next start removes it.',
    ),
  ]
}

export const checkDamage: Check = async ({ layout }) => {
  const names = await namesIn(layout.damage)
  if (names.length === 0) return []
  return [
    warning(
      `damage/ holds what recovery set aside: ${listed(names)}`,
      'Find out what happened: a damage record names each of them. Keep them until then; nothing else needs them.',
    ),
  ]
}

/** Bytes behind the last newline of the last segment. */
async function tornBytes(layout: Layout): Promise<number> {
  const last = (await segmentsOf(disk, layout)).at(-1)
  if (last === undefined) return 0
  return withFile(disk, layout.segment(last), 'read', async (file) => {
    const { size } = await file.stat()
    // A torn line is no longer than a whole one.
    const bytes = Buffer.alloc(Math.min(size, maxLineBytes + 1))
    const length = await readFull(file, bytes, size - bytes.length)
    return length - 1 - bytes.subarray(0, length).lastIndexOf('\n')
  })
}

async function namesIn(directory: string): Promise<readonly string[]> {
  const found = await stat(directory).catch(() => undefined)
  return found?.isDirectory() ? (await readdir(directory)).sort() : []
}

function listed(names: readonly string[]): string {
  const rest = names.length - maxNamed
  return `${names.slice(0, maxNamed).join(', ')}${rest > 0 ? ` and ${counted(rest, 'more', 'more')}` : ''}`
}
