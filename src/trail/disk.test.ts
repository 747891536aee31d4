import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { namedPipe, temporaryDirectory } from '../../test/support/temporary.ts'
import { disk } from './disk.ts'

describe('the disk', () => {
  it('makes files and directories for their user only, whatever the process would do by itself', async () => {
    const before = process.umask(0)
    try {
      const directory = join(temporaryDirectory(), 'directory')
      await disk.mkdir(directory)
      const file = await disk.open(join(directory, 'file'), 'create')
      expect(await file.stat()).toMatchObject({ kind: 'file', size: 0, mode: 0o600 })
      await file.close()
      expect(await disk.stat(directory)).toMatchObject({ kind: 'directory', mode: 0o700 })
    } finally {
      process.umask(before)
    }
  })

  it('makes nothing where something is, and opens nothing where nothing is', async () => {
    const path = join(temporaryDirectory(), 'file')
    await expect(disk.open(path, 'write')).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(disk.open(path, 'read')).rejects.toMatchObject({ code: 'ENOENT' })
    writeFileSync(path, 'kept')
    await expect(disk.open(path, 'create')).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(disk.mkdir(path)).rejects.toMatchObject({ code: 'EEXIST' })
    expect(readFileSync(path, 'utf8')).toBe('kept')
  })

  it.each(['create', 'write', 'read'] as const)('does not follow a link to %s', async (how) => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'target'), 'kept')
    symlinkSync('target', join(directory, 'link'))
    await expect(disk.open(join(directory, 'link'), how)).rejects.toMatchObject({ code: /ELOOP|EEXIST/ })
    expect(await disk.stat(join(directory, 'link'))).toMatchObject({ kind: 'other' })
  })

  it('does not wait for the other end of a pipe', async () => {
    const path = namedPipe()
    const file = await disk.open(path, 'read')
    expect(await file.stat()).toMatchObject({ kind: 'other' })
    await file.close()
  })

  it('writes, reads, cuts and syncs at places of a file', async () => {
    const path = join(temporaryDirectory(), 'file')
    const file = await disk.open(path, 'create')
    expect(file.writeSync(Buffer.from('abcdef'), 0)).toBe(6)
    expect(file.writeSync(Buffer.from('XY'), 2)).toBe(2)
    await file.datasync()
    file.datasyncSync()
    const into = Buffer.alloc(10)
    expect(await file.read(into, 1)).toBe(5)
    expect(into.toString('utf8', 0, 5)).toBe('bXYef')
    expect(await file.read(into, 6)).toBe(0)
    await file.truncate(3)
    expect(readFileSync(path, 'utf8')).toBe('abX')
    await file.close()
    const { dev, ino } = statSync(path)
    expect(await disk.stat(path)).toMatchObject({ dev, ino, size: 3 })
  })

  it('lists, renames and removes, and syncs directories', async () => {
    const directory = temporaryDirectory()
    mkdirSync(join(directory, 'b'))
    writeFileSync(join(directory, 'c'), '')
    await disk.rename(join(directory, 'c'), join(directory, 'a'))
    expect(await disk.list(directory)).toEqual(['a', 'b'])
    await disk.unlink(join(directory, 'a'))
    await disk.rmdir(join(directory, 'b'))
    await disk.syncDirectory(directory)
    expect(await disk.list(directory)).toEqual([])
    expect(await disk.stat(join(directory, 'a'))).toBeUndefined()
    await expect(disk.syncDirectory(join(directory, 'a'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('knows that a temporary directory is no other machine’s', async () => {
    expect(await disk.fileSystem(temporaryDirectory())).toBe('local')
  })
})
