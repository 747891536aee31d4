import { writeFile } from 'node:fs/promises'
import { reasonOf } from '../../lib/errors.ts'
import { isSystemError } from '../../lib/system-error.ts'
import { formatTlogProof, inclusionPath } from '../../trail/proof.ts'
import type { TrailReader } from '../../trail/read.ts'
import { verifyProof } from '../../verify/verify-proof.ts'
import { type Command, CommandError, json, status } from '../command.ts'
import { say, writeJson } from '../io.ts'
import { lineOf, recordId, trailAt } from '../trail-at.ts'

/** `griffier prove <directory> <id>`. */
export const prove: Command = {
  summary: 'Write a proof that a trail holds a record',
  operands: ['directory', 'id'],
  options: {
    out: { type: 'string', short: 'o', value: '<file>', text: 'a new file for it, in place of standard output' },
    json,
  },
  about: `The proof is a C2SP tlog-proof: the record, its place, the hashes that lead to the root, and the newest checkpoint. It needs
neither the trail nor the other records: who has the verifier key checks it with griffier verify-proof, or with tools that
are not ours. It shows the whole record to whoever reads it.`,
  statuses: {
    0: 'written',
    1: 'no record with that id up to the newest checkpoint',
    2: 'wrong use, or nothing could be read',
  },
  run: async ({ io, operands: [directory = '', text = ''], flag, value }) => {
    const id = recordId(text)
    const proof = await proofOf(id, await trailAt(directory))
    const file = value('out')
    if (file !== undefined) await writeNew(file, proof.proof)
    if (flag('json')) await writeJson(io.out, { id, ...proof })
    else if (file === undefined) await io.out.writeData(proof.proof)
    else await say(`Proof of record ${proof.leaf} of ${proof.size} written to ${file}.`, io)
    return status.passed
  },
}

async function proofOf(
  id: string,
  reader: TrailReader,
): Promise<{ origin: string; leaf: number; size: number; proof: string }> {
  const { keys } = await reader.header()
  const { bytes, origin, size } = await reader.checkpoint()
  const { leaf, line } = await lineOf(id, size, reader)
  const path = await inclusionPath(leaf, size, reader.hashAt)
  const proof = formatTlogProof({ extra: line, index: leaf, path, checkpoint: bytes.toString() })
  // A proof that does not hold is worse than none. The keys are the trail's own: whether they are the right ones, the reader decides.
  if (verifyProof(Buffer.from(proof), keys).verdict !== 'passed') {
    throw new CommandError(
      'the hashes of the trail do not lead to its newest checkpoint. Run griffier verify.',
      status.failed,
    )
  }
  return { origin, leaf, size, proof }
}

async function writeNew(file: string, text: string): Promise<void> {
  await writeFile(file, text, { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
    const reason = isSystemError(error, 'EEXIST') ? 'it is there already' : reasonOf(error)
    throw new CommandError(`${file} cannot be made: ${reason}. Give --out a new file.`)
  })
}
