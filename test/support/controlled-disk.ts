/*
 * The real disk, whose syncs a test can hold back, and which a test can break.
 *
 *   const disk = createControlledDisk()
 *   openTrail({ …, disk })
 *   disk.holdSyncs(); disk.letSync()      // fdatasync waits, goes on
 *   disk.fail(); disk.recover()           // every write and sync fails with EIO, works again
 */
import { type Disk, type DiskFile, disk as realDisk } from '../../src/trail/disk.ts'

export interface ControlledDisk extends Disk {
  holdSyncs(): void
  letSync(): void
  fail(): void
  recover(): void
}

export function createControlledDisk(): ControlledDisk {
  let held: Promise<void> = Promise.resolve()
  let letSync = (): void => undefined
  let broken = false
  const check = (): void => {
    if (broken) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO', syscall: 'write' })
  }
  const controlled = (file: DiskFile): DiskFile => ({
    writeSync(bytes, position) {
      check()
      return file.writeSync(bytes, position)
    },
    read: (into, position) => file.read(into, position),
    async datasync() {
      await held
      check()
      await file.datasync()
    },
    datasyncSync: () => file.datasyncSync(),
    truncate: (size) => file.truncate(size),
    stat: () => file.stat(),
    close: () => file.close(),
  })
  return {
    ...realDisk,
    open: async (path, how) => controlled(await realDisk.open(path, how)),
    holdSyncs() {
      held = new Promise((resolve) => (letSync = resolve))
    },
    letSync: () => letSync(),
    fail() {
      broken = true
    },
    recover() {
      broken = false
    },
  }
}
