/** A trail's lock, held until it is released or the process dies. */
export interface Lock {
  /** `flock` where the kernel keeps the lock, `file` where a file stands for it. */
  readonly kind: 'flock' | 'file'
  release(): Promise<void>
}

/** Takes the lock of a trail whose lock file is at this path. Throws `TRAIL_LOCKED`, which names the holder, where another has it. */
export function takeLock(path: string): Promise<Lock> {
  throw new Error(`not made yet: ${path}`)
}
