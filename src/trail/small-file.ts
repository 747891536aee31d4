import { basename, dirname, join } from 'node:path'
import type { Disk, DiskFile } from './disk.ts'
import type { Layout } from './layout.ts'
import { writeAll } from './write-all.ts'

/** Opens a file for as long as it is used. */
export async function withFile<Result>(
  disk: Disk,
  path: string,
  how: 'create' | 'write' | 'read',
  use: (file: DiskFile) => Promise<Result>,
): Promise<Result> {
  const file = await disk.open(path, how)
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

/** The bytes of a file; `missing` where nothing is there, `unfit` where it is no file or has more than `maxBytes`. */
export async function readSmall(disk: Disk, path: string, maxBytes: number): Promise<Buffer | 'missing' | 'unfit'> {
  const found = await disk.stat(path)
  if (found === undefined) return 'missing'
  if (found.kind !== 'file' || found.size > maxBytes) return 'unfit'
  return withFile(disk, path, 'read', async (file) => {
    const bytes = Buffer.alloc(maxBytes + 1)
    const length = await readFull(file, bytes, 0)
    return length > maxBytes ? 'unfit' : bytes.subarray(0, length)
  })
}

/** Reads until the buffer is full or the file ends. Gives the number of bytes. */
export async function readFull(file: DiskFile, into: Buffer, position: number): Promise<number> {
  let length = 0
  while (length < into.length) {
    const count = await file.read(into.subarray(length), position + length)
    if (count === 0) break
    length += count
  }
  return length
}

/** Puts a file in its place whole: made below `control/` first, then renamed, over what is there. It is durable afterwards, its name too. */
export async function putFile(disk: Disk, layout: Layout, path: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(layout.control, basename(path))
  if ((await disk.stat(temporary)) !== undefined) await disk.unlink(temporary)
  await withFile(disk, temporary, 'create', async (file) => {
    writeAll(file, bytes, 0)
    await file.datasync()
  })
  await disk.rename(temporary, path)
  await disk.syncDirectory(dirname(path))
}
