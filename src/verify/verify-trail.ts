import { readdir } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { systemCode } from './files.ts'
import { parseKey } from './key.ts'
import { look } from './look.ts'
import { type Verdict, VerifyError, type VerifyOptions } from './verdict.ts'

const LOOKS = 6
const FIRST_PAUSE_MS = 100

/** Without these three, a directory is no trail. */
const essential = ['trail.json', 'checkpoint', 'segments']

/**
 * Verifies a trail from its bytes on disk, as `docs/format.md` says what is whole. It only reads, and may be used while a
 * writer writes: where that can be the cause of a failure, it looks again.
 *
 * @throws VerifyError `NOTHING_TO_READ` where there is no trail that can be read, `WRONG_USE` where a key is none.
 */
export async function verifyTrail(directory: string, options: VerifyOptions = {}): Promise<Verdict> {
  const keys = options.keys === undefined || options.keys.length === 0 ? undefined : options.keys.map(parseKey)
  await refuseNothing(directory)
  const { looks = LOOKS } = options
  for (let count = 1; ; count += 1) {
    const { verdict, mayPass, changed } = await look(directory, keys, options)
    const isSettled = verdict.verdict !== 'failed' || !mayPass || count >= looks || (count > 1 && !changed)
    if (isSettled) return verdict
    await pause(FIRST_PAUSE_MS * 2 ** (count - 1))
  }
}

async function refuseNothing(directory: string): Promise<void> {
  let names: readonly string[]
  try {
    names = await readdir(directory)
  } catch (error) {
    throw new VerifyError('NOTHING_TO_READ', `${directory} cannot be read. The system says ${systemCode(error)}.`)
  }
  if (!essential.some((name) => names.includes(name))) {
    throw new VerifyError('NOTHING_TO_READ', `${directory} holds no trail.`)
  }
}
