import fs, { rmSync, truncateSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { verifyTrail } from '../../src/verify/verify-trail.ts'
import { directoryOf, key } from './scratch.ts'
import { checkpointOf, contentsOf, filesOf, segmentFiles, segmentPath, tileFiles, writeFiles } from './trail-builder.ts'

const all = contentsOf(600)
const begun = filesOf({ ...all, lines: all.lines.slice(0, 300), signed: 300 })

const { lstatSync, opendirSync } = fs
afterEach(() => {
  Object.assign(fs, { lstatSync, opendirSync })
  syncBuiltinESMExports()
})

/** Has a writer at work at the moment that a path of the trail is looked at with this call for the first time. */
function when(call: 'lstatSync' | 'opendirSync', path: string, work: () => void): void {
  const original = fs[call] as (...given: unknown[]) => unknown
  let done = false
  const busy = (...given: unknown[]): unknown => {
    if (!done && given[0] === path) {
      done = true
      work()
    }
    return original(...given)
  }
  Object.assign(fs, { [call]: busy })
  syncBuiltinESMExports()
}

/** The writer goes on to 600 records, and removes the partial tiles of 300. */
function goOn(directory: string): void {
  writeFiles(directory, new Map([...segmentFiles(all), ...tileFiles(all, 600)]))
  writeFiles(directory, new Map([['checkpoint', checkpointOf(all, 600)]]))
  rmSync(join(directory, 'tile/0/001.p/44'))
  rmSync(join(directory, 'tile/1/000.p/1'))
}

describe('at the first look', () => {
  it.each([
    ['opendirSync', 'tile'],
    ['opendirSync', 'tile/0/001.p'],
    ['lstatSync', 'tile/0/001.p/44'],
    ['lstatSync', 'tile/0/001'],
    ['lstatSync', 'tile/1/000.p/1'],
  ] as const)('the trail passes that goes on at the moment of %s of %s', async (call, path) => {
    const directory = directoryOf(begun)
    when(call, join(directory, path), () => goOn(directory))
    const verdict = await verifyTrail(directory, { keys: [key], looks: 1 })
    expect(verdict).toMatchObject({ verdict: 'passed', size: 300, faults: [] })
  })

  it('a new segment is read that comes while the one before it is', async () => {
    const directory = directoryOf(begun)
    const split = { ...all, segments: [0, 300] }
    const goOnInNext = (): void => writeFiles(directory, new Map([...segmentFiles(split), ...tileFiles(split, 600)]))
    const verdict = await verifyTrail(directory, { keys: [key], looks: 1, progress: goOnInNext })
    expect(verdict).toMatchObject({ verdict: 'passed', size: 300, unproven: { records: 300 } })
  })
})

describe('at another look', () => {
  it('the trail passes whose lines were cut off and written to a new segment', async () => {
    const directory = directoryOf(filesOf({ ...all, lines: all.lines.slice(0, 400), signed: 300 }))
    let cut = false
    const progress = (): void => {
      if (cut) return
      cut = true
      const split = { ...all, segments: [0, 350] }
      truncateSync(join(directory, segmentPath(0)), segmentFiles(split).get(segmentPath(0))?.length)
      writeFiles(directory, segmentFiles(split))
    }
    expect((await verifyTrail(directory, { keys: [key], looks: 1, progress })).faults).toMatchObject([
      { code: 'SEGMENT_GAP' },
    ])
    cut = false
    writeFiles(directory, segmentFiles({ ...all, lines: all.lines.slice(0, 400) }))
    rmSync(join(directory, segmentPath(350)))
    const verdict = await verifyTrail(directory, { keys: [key], progress })
    expect(verdict).toMatchObject({ verdict: 'passed', size: 300, unproven: { records: 300 } })
  })
})
