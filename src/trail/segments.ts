import type { Disk } from './disk.ts'
import { firstOfSegment, type Layout } from './layout.ts'

/** The indices that name the segments, in their order. What only has such a name and is no file is left out. */
export async function segmentsOf(disk: Disk, layout: Layout): Promise<number[]> {
  if ((await disk.stat(layout.segments))?.kind !== 'directory') return []
  const firsts: number[] = []
  for (const name of await disk.list(layout.segments)) {
    const first = firstOfSegment(name)
    if (first !== undefined && (await disk.stat(layout.segment(first)))?.kind === 'file') firsts.push(first)
  }
  return firsts.sort((one, other) => one - other)
}

/** Whether there is a segment with at least a byte. */
export async function hasLines(disk: Disk, layout: Layout): Promise<boolean> {
  for (const first of await segmentsOf(disk, layout)) {
    if (first > 0 || ((await disk.stat(layout.segment(first)))?.size ?? 0) > 0) return true
  }
  return false
}
