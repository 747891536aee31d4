import { disk } from '../../trail/disk.ts'
import { fateOf, maxHolderBytes, nameOf, parseHolder } from '../../trail/lock-holder.ts'
import { readSmall } from '../../trail/small-file.ts'

/** Who the lock file names. */
export interface Holder {
  readonly state: 'nobody' | 'alive' | 'gone' | 'elsewhere'
  /** Whether somebody may be writing now. */
  readonly mayWrite: boolean
  /** As a person reads it; empty where nobody is named. */
  readonly name: string
}

/** Reads who holds a lock, from what its file says. It does not try the lock, which could keep a writer from it. */
export async function holderIn(path: string): Promise<Holder> {
  const bytes = await readSmall(disk, path, maxHolderBytes)
  const named = typeof bytes === 'string' ? undefined : parseHolder(bytes)
  if (named === undefined) return { state: 'nobody', mayWrite: false, name: '' }
  const fate = fateOf(named)
  // The kernel keeps no lock beyond a boot. Where only the file stands for it, another boot may be one of a machine that is still up.
  const sinceBoot = named.lock === 'file' ? 'elsewhere' : 'gone'
  const state = fate === 'rebooted' ? sinceBoot : fate
  return { state, mayWrite: state !== 'gone', name: nameOf(named) }
}
