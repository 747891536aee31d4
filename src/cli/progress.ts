import type { Output } from './io.ts'

/** A bar on a terminal, which is gone when the work is done; nothing elsewhere. */
export interface Progress {
  readonly show: (done: number, of: number) => void
  readonly clear: () => void
}

const width = 30
const drawEveryMs = 100
const eraseLine = '\r\x1b[K'

/** A bar of bytes done, drawn at most ten times a second. */
export function createProgress(output: Output): Progress {
  if (!output.isTerminal) return { show: () => undefined, clear: () => undefined }
  let drawn = 0
  return {
    show: (done, of) => {
      const now = Date.now()
      if (now - drawn < drawEveryMs || of === 0) return
      drawn = now
      const share = Math.min(1, done / of)
      const full = Math.round(share * width)
      void output.write(`${eraseLine}${'█'.repeat(full)}${'░'.repeat(width - full)} ${Math.floor(share * 100)} %`)
    },
    clear: () => {
      if (drawn > 0) void output.write(eraseLine)
    },
  }
}
