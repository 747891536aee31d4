import { type ProofVerdict, verifyProof } from '../../verify/verify-proof.ts'
import { type Command, json, status, verdictStatuses } from '../command.ts'
import { readGiven } from '../given-file.ts'
import { type Output, writeJson } from '../io.ts'
import { keyOption, readKeys } from '../keys.ts'
import { pretty } from '../pretty.ts'
import { report } from '../report.ts'

/** `griffier verify-proof <file>`. */
export const verifyProofFile: Command = {
  summary: 'Verify a proof that griffier prove wrote',
  operands: ['file'],
  options: { key: keyOption, json },
  about: `It needs the proof and the key, and neither the trail nor a network. A proof that passes shows the record as it was when the
checkpoint in it was signed. Without a key the best verdict is “consistent”.`,
  statuses: verdictStatuses,
  run: async ({ io, operands: [file = ''], flag, values }) => {
    const proof = await readGiven(file, 'Give the file that griffier prove wrote.')
    const verdict = verifyProof(proof, await readKeys(values('key')))
    if (flag('json')) await writeJson(io.out, verdict)
    else await io.out.write(forPerson(verdict, io.out))
    return status[verdict.verdict]
  },
}

function forPerson({ verdict, origin, leaf, size, line, text }: ProofVerdict, { paint }: Output): string {
  const isIn = `this is record ${leaf} of ${size}${verdict === 'consistent' ? ', says the checkpoint in it, whoever made that' : ''}`
  const faults = text === null ? [] : [text]
  const advice =
    verdict === 'consistent'
      ? ['Give the verifier key that was put away when the trail was made: --key <key or file>.']
      : []
  const lines = report(
    verdict,
    origin,
    [
      ['Faults', faults],
      ['Proven', [line === null ? 'nothing' : isIn]],
      ['To do', advice],
    ],
    paint,
  )
  return line === null ? lines : `${lines}\n${pretty(Buffer.from(line), { paint })}\n`
}
