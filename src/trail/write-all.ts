import type { DiskFile } from './disk.ts'
import { TrailFailure } from './trail-failure.ts'

/** Writes all bytes, where the system takes a part at a time too. Throws its error, and then any part of them may be there. */
export function writeAll(file: DiskFile, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    const written = file.writeSync(done === 0 ? bytes : bytes.subarray(done), position + done)
    if (written === 0) throw new TrailFailure('the system took no byte and gave no reason')
    done += written
  }
}
