import type { Command } from './command.ts'
import { doctor } from './commands/doctor.ts'
import { exportTrail } from './commands/export.ts'
import { key } from './commands/key.ts'
import { prove } from './commands/prove.ts'
import { show } from './commands/show.ts'
import { tail } from './commands/tail.ts'
import { verify } from './commands/verify.ts'
import { verifyProofFile } from './commands/verify-proof.ts'

/** All commands by their name, in the order in which help lists them. */
export const commands: Readonly<Record<string, Command>> = {
  verify,
  key,
  prove,
  'verify-proof': verifyProofFile,
  show,
  tail,
  doctor,
  export: exportTrail,
}
