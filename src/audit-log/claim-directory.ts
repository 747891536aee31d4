import { AuditError } from '../lib/errors.ts'

/** The only state of this module that outlives a call: the directories that audit logs of this process write to. */
const claimed = new Set<string>()

/**
 * Takes a trail's directory for one audit log. Gives the way to free it.
 *
 * @throws AuditError `SETTINGS_INVALID` where another audit log of this process has it: that would wait for ever.
 */
export function claimDirectory(directory: string): () => void {
  if (claimed.has(directory)) {
    throw new AuditError('SETTINGS_INVALID', {
      faults: [
        `trail.directory: another audit log of this process writes to ${directory}; give that one to every door, close it first, or choose another directory`,
      ],
    })
  }
  claimed.add(directory)
  return () => claimed.delete(directory)
}
