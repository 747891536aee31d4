import { writeSync } from 'node:fs'

/**
 * Writes to standard error, and never throws. It goes past `process.stderr`, whose broken pipe would come back as an
 * `error` event that ends the process where nobody listens.
 */
export function warnOnStderr(line: string): void {
  try {
    writeSync(2, line)
  } catch {
    // There is nowhere left to say it.
  }
}
