import { randomFillSync } from 'node:crypto'

const nonceLength = 16
const pool = Buffer.allocUnsafeSlow(256 * nonceLength)
let used = pool.length

/** 16 random bytes in base64url, 22 characters. They are drawn in bulk: a draw for each line would cost more than all else of it. */
export function newNonce(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += nonceLength
  return pool.toString('base64url', used - nonceLength, used)
}
