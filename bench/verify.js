// What verification costs next to a plain loop that reads, splits, hashes and folds the same lines, and how much memory.
//
//   node bench/verify.js [--records 300000] [--line 700] [--rounds 3] [--from ../dist]
//
// Each run is a process of its own, in turns, and measured by the processor time that it took.
import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, hash, sign } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/** Of the plain loop's speed, at least; and megabytes, at most. */
const LEAST_RATIO = 0.6
const MOST_MB = 200

const { values: options } = parseArgs({
  options: {
    records: { type: 'string', default: '300000' },
    line: { type: 'string', default: '700' },
    rounds: { type: 'string', default: '3' },
    from: { type: 'string', default: '../dist' },
    run: { type: 'string' },
    directory: { type: 'string', default: '' },
    key: { type: 'string', default: '' },
  },
})

if (options.run === undefined) main()
else await measured(options.run)

function main() {
  const directory = mkdtempSync(join(tmpdir(), 'griffier-bench-'))
  try {
    const key = writeTrail(directory, Number(options.records))
    const found = { plain: [], verify: [] }
    for (let round = 0; round < Number(options.rounds); round++) {
      for (const name of Object.keys(found)) found[name].push(run(name, directory, key))
    }
    report(found)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function run(name, directory, key) {
  const self = fileURLToPath(import.meta.url)
  const parameters = ['--run', name, '--directory', directory, '--key', key, '--from', options.from]
  return JSON.parse(execFileSync(process.execPath, [self, ...parameters], { encoding: 'utf8' }))
}

function report(found) {
  const least = (name, measure) => Math.min(...found[name].map((one) => one[measure]))
  const ratio = least('plain', 'userMs') / least('verify', 'userMs')
  const megabytes = Math.max(...found.verify.map((one) => one.peakMb))
  for (const name of Object.keys(found)) {
    const each = (least(name, 'userMs') * 1e6) / Number(options.records)
    console.log(`${name}: ${least(name, 'userMs')} ms of user time, ${each.toFixed(0)} ns a record`)
  }
  console.log(`speed of verify: ${ratio.toFixed(2)} of the plain loop (target ${LEAST_RATIO})`)
  console.log(`peak memory of verify: ${megabytes.toFixed(0)} MB (target ${MOST_MB})`)
  const roots = new Set([...found.plain, ...found.verify].map(({ root }) => root))
  if (roots.size !== 1 || found.verify.some(({ verdict }) => verdict !== 'passed')) throw new Error('they do not agree')
}

async function measured(name) {
  const { verifyTrail } = name === 'verify' ? await import(`${options.from}/verify/verify-trail.js`) : {}
  const before = process.cpuUsage().user
  const { verdict, root } = verifyTrail
    ? await verifyTrail(options.directory, { keys: [options.key] })
    : { root: plain() }
  const userMs = Math.round((process.cpuUsage().user - before) / 1000)
  console.log(JSON.stringify({ verdict, root, userMs, peakMb: process.resourceUsage().maxRSS / 1024 }))
}

/** The plain loop. */
function plain() {
  const piece = Buffer.alloc(1 << 20)
  const leaf = Buffer.alloc(65_536)
  const tree = []
  let kept = Buffer.alloc(0)
  const segments = join(options.directory, 'segments')
  for (const name of readdirSync(segments).sort()) {
    const file = openSync(join(segments, name))
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) {
      const bytes = Buffer.concat([kept, piece.subarray(0, read)])
      let start = 0
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
        bytes.copy(leaf, 1, start, end)
        fold(tree, hash('sha256', leaf.subarray(0, end - start + 1), 'binary'))
        start = end + 1
      }
      kept = bytes.subarray(start)
    }
    closeSync(file)
  }
  return Buffer.from(rootOf(tree), 'latin1').toString('base64')
}

/** Adds a leaf to the complete subtrees that a tree consists of, the largest first. */
function fold(tree, leaf) {
  let node = leaf
  let height = 0
  while (tree.at(-1)?.height === height) {
    node = hashNode(tree.pop().node, node)
    height++
  }
  tree.push({ height, node })
}

function rootOf(tree) {
  return tree.map(({ node }) => node).reduceRight((right, left) => hashNode(left, right))
}

function hashNode(left, right) {
  return hash('sha256', Buffer.from(`\u0001${left}${right}`, 'latin1'), 'binary')
}

/** Writes a trail of so many records, in segments of 100,000, and gives its verifier key. */
function writeTrail(directory, records) {
  const origin = 'bench.example/audit'
  const head = Buffer.from('302e020100300506032b657004220420', 'hex')
  const key = createPrivateKey({ key: Buffer.concat([head, Buffer.alloc(32, 7)]), format: 'der', type: 'pkcs8' })
  const publicKey = Buffer.concat([
    Buffer.of(1),
    createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32),
  ])
  const id = Buffer.from(
    hash('sha256', Buffer.concat([Buffer.from(`${origin}\n`), publicKey]), 'hex').slice(0, 8),
    'hex',
  )
  const vkey = `${origin}+${id.toString('hex')}+${publicKey.toString('base64')}`
  const header = `${JSON.stringify({ format: 1, origin, keys: [vkey] })}\n`
  writeFileSync(join(directory, 'trail.json'), header)
  const tree = writeLines(directory, records, hash('sha256', header))
  const text = `${origin}\n${records}\n${Buffer.from(rootOf(tree), 'latin1').toString('base64')}\n`
  const signature = Buffer.concat([id, sign(null, Buffer.from(text), key)]).toString('base64')
  writeFileSync(join(directory, 'checkpoint'), `${text}\n— ${origin} ${signature}\n`)
  return vkey
}

function writeLines(directory, records, trail) {
  mkdirSync(join(directory, 'segments'))
  const levels = []
  const tree = []
  let file
  let lines = []
  for (let index = 0; index < records; index++) {
    if (index % 100_000 === 0)
      file = openSync(join(directory, `segments/${String(index).padStart(12, '0')}.ndjson`), 'w')
    const line = lineOf(index, trail)
    const leaf = hash('sha256', Buffer.from(`\0${line}`), 'binary')
    fold(tree, leaf)
    addToTiles(directory, levels, 0, leaf)
    lines.push(`${line}\n`)
    const isLast = (index + 1) % 100_000 === 0 || index + 1 === records
    if (lines.length < 1000 && !isLast) continue
    writeSync(file, lines.join(''))
    lines = []
    if (isLast) closeSync(file)
  }
  for (const [level, { hashes, index }] of levels.entries()) {
    if (hashes.length > 0) writeTile(directory, level, index, hashes)
  }
  return tree
}

function lineOf(index, trail) {
  const id = `019ab000-0000-7000-8000-${String(index).padStart(12, '0')}`
  const time = new Date(Date.UTC(2026, 0, 1) + index).toISOString()
  const record = {
    id,
    time,
    ...(index === 0 ? { logger: 'a', kind: 'start', start: { trail } } : { duration_ms: 1.5, logger: 'a' }),
  }
  const rest = 'x'.repeat(Math.max(Number(options.line) - JSON.stringify(record).length - 50, 0))
  return JSON.stringify({ ...record, message: rest, nonce: Buffer.alloc(16, index).toString('base64url') })
}

function addToTiles(directory, levels, level, node) {
  levels[level] ??= { hashes: [], index: 0 }
  const { hashes, index } = levels[level]
  hashes.push(node)
  if (hashes.length < 256) return
  writeTile(directory, level, index, hashes)
  const above = []
  for (const one of hashes) fold(above, one)
  levels[level] = { hashes: [], index: index + 1 }
  addToTiles(directory, levels, level + 1, rootOf(above))
}

function writeTile(directory, level, index, hashes) {
  const groups = [String(index % 1000).padStart(3, '0')]
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`x${String(rest % 1000).padStart(3, '0')}`)
  }
  const path = join(directory, `tile/${level}/${groups.join('/')}${hashes.length === 256 ? '' : `.p/${hashes.length}`}`)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, Buffer.from(hashes.join(''), 'latin1'))
}
