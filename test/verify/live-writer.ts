// Writes a trail as docs/format.md says, step by step, with lines that a failed sync brings into the next segment too.
import { appendFileSync, mkdirSync, readdirSync, renameSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { checkpointOf, contentsOf, recordLine, segmentPath, tileFiles } from './trail-builder.ts'

const [directory = '', rounds = '100'] = process.argv.slice(2)
const empty = contentsOf(0, [])
const lines = [...contentsOf(1).lines]
const at = (path: string): string => join(directory, path)
let segment = 0
let partial: string[] = []

function place(path: string, bytes: Buffer): void {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at('control/new'), bytes)
  renameSync(at('control/new'), at(path))
}

function publish(size: number): void {
  const contents = { ...empty, lines }
  const tiles = tileFiles(contents, size)
  const known = new Set(readdirSync(at('tile/0'), { recursive: true }).map((name) => `tile/0/${name}`))
  for (const [path, bytes] of tiles) if (!known.has(path)) place(path, bytes)
  place('checkpoint', checkpointOf(contents, size))
  for (const path of partial) if (!tiles.has(path)) unlinkSync(at(path))
  partial = [...tiles.keys()].filter((path) => path.includes('.p/'))
}

const textOf = (some: readonly string[]): string => some.map((line) => `${line}\n`).join('')

function append(text: string): void {
  const bytes = Buffer.from(text)
  const cut = Math.floor(bytes.length * Math.random())
  appendFileSync(at(segmentPath(segment)), bytes.subarray(0, cut))
  appendFileSync(at(segmentPath(segment)), bytes.subarray(cut))
}

function begin(first: number): void {
  segment = first
  writeFileSync(at(segmentPath(first)), '')
}

mkdirSync(at('control'), { recursive: true })
mkdirSync(at('segments'))
mkdirSync(at('tile/0'), { recursive: true })
place('trail.json', Buffer.from(empty.header))
place('checkpoint', checkpointOf(empty, 0))
begin(0)
append(`${lines[0]}\n`)

for (let round = 0; round < Number(rounds); round += 1) {
  const durable = lines.length
  for (let count = Math.floor(Math.random() * 60); count >= 0; count -= 1) lines.push(recordLine(lines.length))
  const text = textOf(lines.slice(durable))
  append(text)
  if (round % 7 === 3 && segment !== durable) {
    // As after a sync that failed: the old segment is cut, at once or late, and a new one has the lines.
    const old = at(segmentPath(segment))
    const kept = Buffer.byteLength(textOf(lines.slice(segment, durable)))
    if (round % 2 === 0) truncateSync(old, kept)
    begin(durable)
    append(text)
    truncateSync(old, kept)
  }
  publish(lines.length)
}
