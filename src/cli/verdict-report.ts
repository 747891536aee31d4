import type { Account, Verdict } from '../verify/verdict.ts'
import { counted } from './counted.ts'
import type { Output } from './io.ts'
import { type Part, report } from './report.ts'

const maxNamed = 5

/** What a verdict says to an auditor: what is wrong, what is proven and what is not, what the trail tells of itself, and what to do. */
export function verdictReport(verdict: Verdict, { paint }: Pick<Output, 'paint'>): string {
  const parts: readonly Part[] = [
    ['Faults', faultLines(verdict)],
    ['Proven', provenLines(verdict)],
    ['Not proven', unprovenLines(verdict)],
    ['Checkpoints', verdict.checkpoints.map(olderLine)],
    ['Follows', followsLines(verdict)],
    ['Trail tells', [...accountLines(verdict.account), ...(verdict.size === 0 ? ['none of which is proven'] : [])]],
    ['To do', adviceLines(verdict)],
  ]
  return report(verdict.verdict, verdict.origin, parts, paint)
}

function olderLine({ name, size, ok }: Verdict['checkpoints'][number]): string {
  return `${name}: ${ok ? `its ${counted(size ?? 0, 'record')} are still there` : 'does not fit, see the faults'}`
}

function faultLines({ faults, moreFaults }: Verdict): readonly string[] {
  const lines = faults.flatMap(({ code, file, offset, leaf, leaves, text }) => {
    const bytes = offset === undefined ? '' : `, byte ${offset}`
    return [`${file}${bytes}${leavesText(leaf, leaves)}: ${text} (${code})`]
  })
  return moreFaults === 0 ? lines : [...lines, `and ${counted(moreFaults, 'more fault')}`]
}

function leavesText(leaf: number | undefined, leaves = 1): string {
  if (leaf === undefined) return ''
  return leaves === 1 ? `, record ${leaf}` : `, records ${leaf} to ${leaf + leaves - 1}`
}

function provenLines({ verdict, size, root, time }: Verdict): readonly string[] {
  if (size === 0) return ['nothing']
  const upTo = `${counted(size, 'record')}, 0 to ${size - 1}${time === null ? '' : `, the last of ${time}`}`
  const how = verdict === 'consistent' ? `${upTo}: they fit the checkpoint, whoever made it` : upTo
  return root === null ? [how] : [how, `root ${root}`]
}

function unprovenLines({ size, unproven: { records, bytes, firstTime }, checkpoints }: Verdict): readonly string[] {
  const since = firstTime === null ? '' : `, from ${firstTime} on`
  const what = records === 0 ? 'no whole record' : counted(records, 'record')
  const behind = `${what} behind the checkpoint, ${counted(bytes, 'byte')}${since}`
  const isNewest = size === 0 || checkpoints.some(({ ok }) => ok)
  const newest = 'that this is not an older state of the trail: no older checkpoint was given that fits'
  return [...(bytes === 0 ? [] : [behind]), ...(isNewest ? [] : [newest])]
}

function followsLines({ follows }: Verdict): readonly string[] {
  if (follows === null) return []
  return [
    `${follows.origin}, which was not continued at ${counted(follows.size, 'record')}`,
    `root ${follows.root}; verify that trail, too`,
  ]
}

/** What the trail's own records say. It is proven as they are, and none of it is a fault of the verification. */
function accountLines({ starts, stops, recoveries, interrupted, gaps, damages }: Account): readonly string[] {
  return [
    `${counted(starts, 'start')}, ${counted(stops, 'stop')}`,
    ...listed(
      `${counted(gaps.count, 'gap')}, ${counted(gaps.lost, 'record')} lost, ${counted(gaps.refused, 'request')} refused`,
      gaps,
      (gap) => {
        return `record ${gap.leaf}: ${gap.lost} lost, ${gap.refused} refused, ${gap.firstTime ?? '?'} to ${gap.lastTime ?? '?'}, ${gap.reason ?? 'no reason given'}`
      },
    ),
    ...listed(counted(recoveries.count, 'recovery', 'recoveries'), recoveries, ({ leaf, time, tornBytes }) => {
      return `record ${leaf}: at ${time ?? 'an unknown time'}, ${counted(tornBytes, 'torn byte')} cut`
    }),
    ...listed(counted(interrupted.count, 'interrupted exchange'), interrupted, (id) => id),
    ...listed(counted(damages.count, 'damage record'), damages, ({ leaf, file, offset, bytes }) => {
      return `record ${leaf}: ${counted(bytes, 'byte')} of ${file} from byte ${offset} on`
    }),
  ]
}

function listed<T>(
  heading: string,
  { count, list }: { count: number; list: readonly T[] },
  line: (item: T) => string,
): readonly string[] {
  if (count === 0) return []
  const rest = count - Math.min(count, maxNamed, list.length)
  return [
    heading,
    ...list.slice(0, maxNamed).map((item) => `  ${line(item)}`),
    ...(rest > 0 ? [`  and ${counted(rest, 'more', 'more')}`] : []),
  ]
}

function adviceLines({ verdict }: Verdict): readonly string[] {
  if (verdict === 'consistent') {
    return [
      'Give the verifier key that was put away when the trail was made: --key <key or file>.',
      'Without it, all of this may have been made by whoever can write to the directory.',
    ]
  }
  if (verdict === 'failed') {
    return [
      'Keep the directory as it is, a copy of all of it, and older checkpoints. docs/verify.md says what each fault means.',
    ]
  }
  return []
}
