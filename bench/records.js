// The records that a server has written so far: all lines of all files in its directory.
import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const NEWLINE = 10

/** Follows the files of `directory`. */
export function followRecords(directory) {
  const chunk = Buffer.alloc(1 << 20)
  const offsets = new Map()
  let lines = 0

  const readOn = (file) => {
    const descriptor = openSync(file, 'r')
    let at = offsets.get(file) ?? 0
    for (let read = -1; read !== 0; at += read) {
      read = readSync(descriptor, chunk, 0, chunk.length, at)
      lines += newlinesIn(chunk.subarray(0, read))
    }
    closeSync(descriptor)
    offsets.set(file, at)
  }

  /** How many lines there are by now. */
  const count = () => {
    for (const file of filesOf(directory)) readOn(file)
    return lines
  }

  /** Waits until there are `expected` lines or nothing came for `patienceMs`; gives what there is. */
  const waitFor = async (expected, patienceMs) => {
    let patience = Date.now() + patienceMs
    for (let before = lines; count() < expected && Date.now() < patience; before = lines) {
      if (lines > before) patience = Date.now() + patienceMs
      await sleep(10)
    }
    return lines
  }

  return { count, waitFor }
}

/** The first lines of all files in `directory`, at most as many as fit in 64 kB of each. */
export function firstLines(directory) {
  return filesOf(directory).flatMap((file) => {
    const head = Buffer.alloc(1 << 16)
    const descriptor = openSync(file, 'r')
    const read = readSync(descriptor, head, 0, head.length, 0)
    closeSync(descriptor)
    return head.subarray(0, read).toString().split('\n').slice(0, -1)
  })
}

function filesOf(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:nd)?jsonl?$/.test(entry.name) && entry.name !== 'trail.json')
    .map((entry) => `${entry.parentPath ?? entry.path}/${entry.name}`)
}

function newlinesIn(bytes) {
  let found = 0
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) found++
  return found
}
