import { type Check, note, warning } from './finding.ts'

/** Who holds the lock, and whether that is as it should be. */
export const checkHolder: Check = async ({ holder: { state, name } }) => {
  if (state === 'alive') return [note(`the trail is held by ${name}`, 'One writer is as it should be.')]
  if (state === 'gone') {
    return [note(`the lock names ${name}, which is gone`, 'Nothing to do: the next start takes the lock over.')]
  }
  if (state === 'nobody') return []
  return [
    warning(
      `the trail is held by ${name}, which is not of this machine or container`,
      'Run doctor there. A trail has one writer; where that one is gone for good, remove the lock file.',
    ),
  ]
}
