import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { contentsOf, filesOf, leafHash, lineOf, segmentPath, writeFiles } from '../../verify/trail-builder.ts'

/** What another language makes of the lines: it reads each as JSON, and writes its hash and its message. */
const program = `
import hashlib, json, sys
for line in open(sys.argv[1], 'rb'):
    line = line.rstrip(b'\\n')
    record = json.loads(line)
    print(json.dumps([hashlib.sha256(b'\\0' + line).hexdigest(), record['id'], record.get('message')]))
`

const hard = ['jané', '😀 \u2028', '-0 and 1e21', 'tab\t"quoted" \\ back', '']

it('is read and hashed the same by Python', () => {
  const plain = contentsOf(hard.length + 1)
  const values = { filter: { numbers: [0, -0.5, 1e21, 1.0, 2 ** 53] } }
  const lines = [plain.lines[0] ?? '', ...hard.map((message, index) => lineOf(index + 1, { message, ...values }))]
  const directory = mkdtempSync(join(tmpdir(), 'griffier-python-'))
  try {
    writeFiles(directory, filesOf({ ...plain, lines }))
    const printed = execFileSync('python3', ['-c', program, join(directory, segmentPath(0))], { encoding: 'utf8' })
    const read = printed
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const expected = lines.map((line) => {
      const { id, message = null } = JSON.parse(line)
      return [leafHash(line).toString('hex'), id, message]
    })
    expect(read).toEqual(expected)
  } finally {
    rmSync(directory, { recursive: true })
  }
})
