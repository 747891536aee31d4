/*
 * What the other tests here stand on: that their disk loses what a disk may lose, and nothing else.
 */
import { expect, test } from 'vitest'
import {
  DiskState,
  diskOn,
  everythingUnsynced,
  nothingUnsynced,
  onlyLaterPages,
  randomOf,
  randomPowerCut,
} from '../support/power-cut-disk.ts'

const page = 4096
const filled = (text: string, pages: number): Buffer => Buffer.alloc(pages * page, text)

function newDisk() {
  const state = new DiskState()
  let failure: Error | undefined
  const disk = diskOn(state, {
    change: () => undefined,
    syncing: async () => {
      if (failure !== undefined) throw failure
    },
  })
  const left = (cut = nothingUnsynced): Record<string, string | undefined> =>
    Object.fromEntries([...state.survivor(cut).files('/')].map(([path, bytes]) => [path, bytes?.toString()]))
  return {
    ...disk,
    left,
    state,
    failSyncs(error?: Error) {
      failure = error
    },
  }
}

test('what was synced, and in a directory that was synced, survives', async () => {
  const { open, syncDirectory, left } = newDisk()
  const file = await open('/a', 'create')
  file.writeSync(Buffer.from('first'), 0)
  expect(left()).toEqual({})
  await syncDirectory('/')
  expect(left()).toEqual({ a: '' })
  await file.datasync()
  file.writeSync(Buffer.from(' and last'), 5)
  expect(left()).toEqual({ a: 'first' })
  expect(left(everythingUnsynced)).toEqual({ a: 'first and last' })
})

test('a sync keeps what was written before it was issued, and no more', async () => {
  const { open, syncDirectory, left } = newDisk()
  const file = await open('/a', 'create')
  await syncDirectory('/')
  file.writeSync(Buffer.from('before'), 0)
  const sync = file.datasync()
  file.writeSync(Buffer.from('after'), 6)
  await sync
  expect(left()).toEqual({ a: 'before' })
})

test('of pages that were not synced, later ones may be there without earlier ones, which read as zeros', async () => {
  const { open, syncDirectory, left } = newDisk()
  const file = await open('/a', 'create')
  await syncDirectory('/')
  file.writeSync(filled('x', 2), 0)
  expect(left(onlyLaterPages)).toEqual({ a: `${'\0'.repeat(page)}${'x'.repeat(page)}` })
})

test('what a failed sync should have kept is not kept by the next one, unless it is written again', async () => {
  const { open, syncDirectory, left, failSyncs } = newDisk()
  const file = await open('/a', 'create')
  await syncDirectory('/')
  file.writeSync(filled('x', 1), 0)
  failSyncs(new Error('EIO'))
  await expect(file.datasync()).rejects.toThrow('EIO')
  failSyncs()
  await file.datasync()
  expect(left()).toEqual({ a: '' })
  file.writeSync(filled('y', 1), 0)
  file.writeSync(filled('y', 1), page)
  await file.datasync()
  expect(left()).toEqual({ a: 'y'.repeat(2 * page) })
})

test('a rename happens as a whole, or not', async () => {
  const { open, mkdir, rename, syncDirectory, left } = newDisk()
  await mkdir('/control')
  const file = await open('/control/a', 'create')
  file.writeSync(Buffer.from('new'), 0)
  await file.datasync()
  await syncDirectory('/control')
  await syncDirectory('/')
  await rename('/control/a', '/a')
  expect(left()).toEqual({ control: undefined, 'control/a': 'new' })
  expect(left(everythingUnsynced)).toEqual({ control: undefined, a: 'new' })
  await syncDirectory('/')
  expect(left()).toEqual({ control: undefined, 'control/a': 'new', a: 'new' })
  await syncDirectory('/control')
  expect(left()).toEqual({ control: undefined, a: 'new' })
})

test('a directory that was not synced takes what is in it along', async () => {
  const { open, mkdir, syncDirectory, left } = newDisk()
  await mkdir('/trail')
  const file = await open('/trail/a', 'create')
  await file.datasync()
  await syncDirectory('/trail')
  expect(left()).toEqual({})
  await syncDirectory('/')
  expect(left()).toEqual({ trail: undefined, 'trail/a': '' })
})

test('the same seed gives the same cut', async () => {
  const { open, left } = newDisk()
  const file = await open('/a', 'create')
  for (let at = 0; at < 20; at++) file.writeSync(filled(String(at), 1), (at * page) / 2)
  const cuts = Array.from({ length: 20 }, (_, seed) => left(randomPowerCut(randomOf(seed))))
  expect(cuts).toEqual(Array.from({ length: 20 }, (_, seed) => left(randomPowerCut(randomOf(seed)))))
  expect(new Set(cuts.map((cut) => JSON.stringify(cut))).size).toBeGreaterThan(5)
})
